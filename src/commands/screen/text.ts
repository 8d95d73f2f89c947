import { stripVTControlCharacters } from 'node:util'

// Wide in every terminal: scripts of East Asia, and emoji.
const wide =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})/u
const plain = /^[\x20-\x7e]*$/
const letters = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Columns that a text takes in a terminal. */
export function widthOf(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const { segment } of letters.segment(text)) width += widthOfLetter(segment)
  return width
}

/** The beginning of a text, with an ellipsis where it is longer. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let left = width - 1
  for (const { segment } of letters.segment(text)) {
    left -= widthOfLetter(segment)
    if (left < 0) break
    kept += segment
  }
  return width < 1 ? '' : `${kept.trimEnd()}…`
}

function widthOfLetter(letter: string) {
  return wide.test(letter) ? 2 : 1
}

// Names and messages come from clients: none of them may steer the terminal, or turn the order of a line.
const controls = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** On one line, without characters that steer a terminal. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/\s*[\r\n]+\s*/g, ' ')
    .replaceAll('\t', ' ')
    .replaceAll(controls, '\ufffd')
}

/** Of several lines, without characters that steer a terminal; sequences for colours are left out. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\r\n', '\n')
    .replaceAll(controls, each => (each === '\n' || each === '\t' ? each : '\ufffd'))
}
