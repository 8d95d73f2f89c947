import { styleText } from 'node:util'
import { cut, oneLine, widthOf } from './text.ts'

export interface Column<Row> {
  head: string
  cell(row: Row): unknown
  /** What a narrow terminal leaves out: the greatest number first. Without one the column stays. */
  extra?: number
  /** May be cut, to eight columns, */
  isLong?: boolean
  /** or to so many, as a name that is cut cannot be typed. */
  least?: number
  isNumber?: boolean
  /** A word with a colour. */
  isStatus?: boolean
}

const gap = 2
const shortest = 8

/** Fits into `width`, and says that there is nothing; without one, as in a pipe, nothing is cut, left out or added. */
export function table<Row>(columns: Column<Row>[], rows: Row[], width = Number.POSITIVE_INFINITY): string {
  const texts = rows.map(row => columns.map(({ cell }) => said(cell(row))))
  const natural = columns.map(({ head }, at) => Math.max(widthOf(head), ...texts.map(line => widthOf(line[at]!))))
  const least = natural.map((size, at) => (columns[at]!.isLong ? Math.min(size, columns[at]!.least ?? shortest) : size))
  let shown = columns.map((_, at) => at)
  const sum = (sizes: number[]) => shown.reduce((total, at) => total + sizes[at]! + gap, -gap)
  while (sum(least) > width) {
    const [most] = shown.filter(at => columns[at]!.extra).sort((a, b) => columns[b]!.extra! - columns[a]!.extra!)
    if (most === undefined) break
    shown = shown.filter(at => at !== most)
  }
  if (sum(least) > width) return stack(columns, texts, width)

  const sizes = [...natural]
  let over = sum(natural) - width
  for (const at of shown.filter(at => columns[at]!.isLong).sort((a, b) => natural[b]! - natural[a]!)) {
    const less = Math.max(0, Math.min(over, natural[at]! - least[at]!))
    sizes[at]! -= less
    over -= less
  }
  const line = (cells: string[]) =>
    shown
      .map((at, index) => {
        const text = cut(cells[at]!, sizes[at]!)
        const space = ' '.repeat(sizes[at]! - widthOf(text))
        const styled = cells === heads ? styleText('bold', text) : coloured(columns[at]!, text)
        if (columns[at]!.isNumber) return space + styled
        return index === shown.length - 1 ? styled : styled + space
      })
      .join(' '.repeat(gap))
  const heads = columns.map(({ head }) => head)
  const none = rows.length === 0 && Number.isFinite(width) ? ['(none)'] : []
  return [line(heads), ...texts.map(line), ...none].join('\n')
}

/** For a terminal that is narrower than what has to be told: a line for the first column, one for the rest. */
function stack<Row>(columns: Column<Row>[], texts: string[][], width: number) {
  return texts
    .flatMap(([first, ...rest]) => {
      const more = rest.filter((text, at) => text !== '–' && (columns[at + 1]!.extra ?? 0) < 3).join('  ')
      return [coloured(columns[0]!, cut(first!, width)), `  ${cut(more, width - 2)}`]
    })
    .join('\n')
}

export function said(value: unknown): string {
  if (value === null || value === undefined || value === '' || value === false) return '–'
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map(said).join(',')
  return oneLine(typeof value === 'object' ? JSON.stringify(value) : String(value))
}

const colours = {
  green: ['COMPLETED', 'ready', 'running', 'delivered', 'fired', 'success', 'enabled'],
  red: ['FAILED', 'failed', 'lost', 'failure', 'crashed', 'time_limit', 'CRITICAL'],
  yellow: ['RETRYING', 'paused', 'disabled', 'skipped', 'pending', 'WARNING'],
  cyan: ['PROCESSING', 'processing', 'STARTED'],
  gray: ['CANCELLED', 'stopped', 'coalesced', 'cancelled']
} as const

/** Not in a pipe, nor with NO_COLOR: `styleText` looks at both. */
export function statusText(text: string): string {
  const found = Object.entries(colours).find(([, words]) => (words as readonly string[]).includes(text))
  return found ? styleText(found[0] as keyof typeof colours, text) : text
}

function coloured<Row>({ isStatus }: Column<Row>, text: string) {
  return isStatus ? statusText(text) : text
}
