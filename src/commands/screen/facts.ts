import { styleText } from 'node:util'
import { said, statusText } from './table.ts'
import { harmless, widthOf } from './text.ts'

export type Fact = [label: string, value: unknown]

/** What is known of one thing, a line each; what is not known or empty is left out. */
export function facts(list: Fact[]): string {
  const lines = list.filter(([, value]) => said(value) !== '–')
  const width = Math.max(...lines.map(([label]) => widthOf(label)))
  return lines
    .map(([label, value]) => {
      const text = typeof value === 'object' && !Array.isArray(value) ? pretty(value) : harmless(String(value))
      const shown = label === 'status' ? statusText(text) : text
      return `${styleText('bold', label.padEnd(width))}  ${shown.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}`
    })
    .join('\n')
}

function pretty(value: unknown) {
  const line = JSON.stringify(value)
  return harmless(line.length > 60 ? JSON.stringify(value, null, 2) : line)
}
