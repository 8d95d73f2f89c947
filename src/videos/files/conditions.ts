import type { IncomingHttpHeaders } from 'node:http'

interface File {
  etag: string
  bytes: number
  changed: Date
}

/** The answer to a request for a file: all of it, a part, or none because of its headers. */
export type Outcome =
  | { status: 200 | 206; start: number; end: number }
  | { status: 304 }
  | { status: 412 }
  | { status: 416 }

/** Preconditions and range of a request, in the order of RFC 9110 §13.2.2. */
export function outcomeOf(headers: IncomingHttpHeaders, file: File): Outcome {
  const { etag, bytes } = file
  const changed = seconds(file.changed.getTime())
  const {
    'if-match': match,
    'if-none-match': noneMatch,
    'if-modified-since': since,
    'if-unmodified-since': unless
  } = headers

  if (match !== undefined ? !names(match, etag) : changed > timeIn(unless, Number.POSITIVE_INFINITY)) {
    return { status: 412 }
  }
  if (noneMatch !== undefined ? names(noneMatch, etag) : changed <= timeIn(since, Number.NEGATIVE_INFINITY)) {
    return { status: 304 }
  }
  const whole: Outcome = { status: 200, start: 0, end: bytes - 1 }
  if (!isFresh(headers['if-range'], etag, changed)) return whole
  return rangeOf(headers.range, bytes) ?? whole
}

/** A single range. Several ranges, and an invalid one, are answered with the whole file, as the RFC allows. */
function rangeOf(range: string | undefined, bytes: number): Outcome | undefined {
  const [, from = '', to = ''] = /^\s*bytes=\s*(\d*)-(\d*)\s*$/.exec(range ?? '') ?? []
  if (from === '' && to === '') return undefined
  const start = from === '' ? Math.max(0, bytes - Number(to)) : Number(from)
  const end = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  if (start >= bytes) return { status: 416 }
  return start > end ? undefined : { status: 206, start, end }
}

/** Tags are compared without their `W/`: ours are strong, but a proxy that compresses weakens them. */
function names(list: string, etag: string) {
  return list.split(',').some(tag => ['*', etag, `W/${etag}`].includes(tag.trim()))
}

function isFresh(ifRange: string | string[] | undefined, etag: string, changed: number) {
  if (ifRange === undefined) return true
  const condition = String(ifRange).trim()
  return condition.includes('"') ? condition === etag : changed <= timeIn(condition, Number.NEGATIVE_INFINITY)
}

/** An invalid date counts as absent. */
function timeIn(date: string | undefined, otherwise: number) {
  const time = Date.parse(date ?? '')
  return Number.isNaN(time) ? otherwise : seconds(time)
}

/** Dates in headers have no fractions. */
function seconds(milliseconds: number) {
  return Math.floor(milliseconds / 1000)
}
