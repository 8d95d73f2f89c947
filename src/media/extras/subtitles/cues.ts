import type { Cue } from '../vtt.ts'

/** Bounds for each track; a film of three hours has 3,000 cues and 150 KB. */
const most = { cues: 20_000, characters: 1_000, lines: 12, bytes: 2_000_000 }

/**
 * Cues of the events of an ASS file, as which ffmpeg hands out every kind of text subtitles: an event is one line, so
 * its text cannot pass for another cue, as it can in WebVTT itself. Cut off at the bounds.
 */
export function cuesOf(file: string): { cues: Cue[]; cut: boolean } {
  const cues: Cue[] = []
  let bytes = 0
  for (const line of file.split('\n')) {
    const event = /^Dialogue: *[^,]*,([^,]+),([^,]+),(?:[^,]*,){6}(.*)/.exec(line)
    if (!event) continue
    const [, start = '', end = '', text = ''] = event
    const [from, to] = [secondsOf(start), secondsOf(end)]
    const shown = plainText(text)
    if (shown === '' || from === undefined || to === undefined || to <= from) continue
    bytes += Buffer.byteLength(shown) + 40
    if (cues.length === most.cues || bytes > most.bytes) return { cues: inOrder(cues), cut: true }
    cues.push({ from, to, text: shown })
  }
  return { cues: inOrder(cues), cut: false }
}

/** Players want cues by their start. */
const inOrder = (cues: Cue[]) => cues.sort((one, other) => one.from - other.from)

function secondsOf(time: string) {
  const [, hours, minutes, seconds] = /^(\d+):(\d\d):(\d\d\.\d\d)$/.exec(time.trim()) ?? []
  return hours === undefined ? undefined : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}

/** The words of an event: without styles, drawings and control characters, and with no meaning for a parser. */
export function plainText(text: string) {
  const words = withoutDrawings(text)
    .replace(/\\([{}\\])\u2060?/g, (_, sign: string) => held[sign]!)
    .replace(/\{[^}]*\}/g, '')
    .replace(/\\[Nn]/g, '\n')
    .replace(/\\h/g, '\u00a0')
    .replace(/[\ue000-\ue002]/g, sign => signs[sign]!)
  return words
    .replace(unseen, '')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .slice(0, most.lines)
    .map(line => closed(escaped([...line].slice(0, most.characters).join(''))))
    .join('\n')
}

/** An escaped sign is no tag; it waits as a private character until tags are gone. */
const held: Record<string, string> = { '{': '\ue000', '}': '\ue001', '\\': '\ue002' }
const signs: Record<string, string> = { '\ue000': '{', '\ue001': '}', '\ue002': '\\' }

/** `{\p1}m 0 0 l 10 0{\p0}` draws a shape. */
const withoutDrawings = (text: string) => text.replace(/\{[^}]*\\p[1-9][^}]*\}.*?(?=\{[^}]*\\p0|$)/g, '')

/** Control characters, halves of surrogates, and the two that show text in the opposite order. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are to go
const unseen = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202d\u202e\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu

/** `>` too: a line with `-->` begins another cue. */
const escaped = (line: string) => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Ends what a line opens of the other direction, so that it does not turn the line after it. */
function closed(line: string) {
  const count = (pattern: RegExp) => line.match(pattern)?.length ?? 0
  const isolates = count(/[\u2066-\u2068]/g) - count(/\u2069/g)
  const embeddings = count(/[\u202a\u202b]/g) - count(/\u202c/g)
  return line + '\u2069'.repeat(Math.max(0, isolates)) + '\u202c'.repeat(Math.max(0, embeddings))
}
