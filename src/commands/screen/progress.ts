import { percentText } from '#dashboard/words/number.ts'
import { cut, widthOf } from './text.ts'

// Milliseconds between two drawings.
const pace = 100
const [shortest, longest] = [8, 40]

export interface Progress {
  /** `fraction` is null while it is not known. */
  set(fraction: number | null, words: string): void
  /** Leaves the last line as it is. */
  end(): void
  /** Removes it. */
  clear(): void
}

/**
 * One bar on one line of stderr; nothing where that is no terminal. Our own forty lines: the usual package (cli-progress)
 * has had no release since 2023, brings three others, and does not fit its line into a narrow terminal.
 */
export function progressBar(title: string): Progress {
  const { stderr } = process
  if (!stderr.isTTY || process.env.TERM === 'dumb') return { set() {}, end() {}, clear() {} }
  let line = ''
  let drawn = 0
  let isShown = false

  function draw() {
    drawn = performance.now()
    isShown = true
    stderr.write(`\r${line}\u001b[K`)
  }

  return {
    set(fraction, words) {
      const next = lineOf(title, fraction, words, stderr.columns || 80)
      if (next === line) return
      line = next
      if (performance.now() - drawn >= pace) draw()
    },
    end() {
      if (line !== '') draw()
      if (isShown) stderr.write('\n')
      isShown = false
    },
    clear() {
      if (isShown) stderr.write('\r\u001b[K')
      isShown = false
    }
  }
}

/** In the last column some terminals would begin a new line. */
export function lineOf(name: string, fraction: number | null, words: string, width: number): string {
  const title = cut(name, Math.max(shortest, Math.floor(width / 3)))
  const percent = fraction === null ? '  – %' : percentText(fraction).padStart(5)
  const room = width - 1 - widthOf(`${title}   ${percent} `)
  const told = cut(words, room - shortest - 1)
  const size = Math.max(shortest, Math.min(longest, room - widthOf(told) - 1))
  const full = Math.round((fraction ?? 0) * size)
  return cut(`${title} [${'#'.repeat(full)}${'-'.repeat(size - full)}] ${percent} ${told}`, width - 1).trimEnd()
}
