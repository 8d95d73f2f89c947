export type Part = { type: 'line'; text: string } | { type: 'rows'; data: Buffer } | { type: 'end' }

const newline = 10
const terminator = '\\.\n'

/** Splits a dump into its lines and, after each `COPY …`, its rows in chunks of whole lines, until `\\.`. */
export async function* partsOf(source: AsyncIterable<Buffer>): AsyncGenerator<Part> {
  let rest: Buffer = Buffer.alloc(0)
  let inRows = false
  for await (const chunk of source) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const whole = bytes.lastIndexOf(newline) + 1
    rest = bytes.subarray(whole)
    for (let lines = bytes.subarray(0, whole); lines.length > 0; ) {
      if (inRows) {
        const end = endOfRows(lines)
        if (end !== 0) yield { type: 'rows', data: end < 0 ? lines : lines.subarray(0, end) }
        if (end < 0) break
        yield { type: 'end' }
        inRows = false
        lines = lines.subarray(end + terminator.length)
      } else {
        const end = lines.indexOf(newline)
        const text = lines.toString('utf8', 0, end)
        yield { type: 'line', text }
        inRows = text.startsWith('COPY ')
        lines = lines.subarray(end + 1)
      }
    }
  }
}

/** Rows escape backslashes, so no row looks like the terminator. */
function endOfRows(lines: Buffer) {
  if (lines.subarray(0, terminator.length).equals(Buffer.from(terminator))) return 0
  const found = lines.indexOf(`\n${terminator}`)
  return found < 0 ? -1 : found + 1
}
