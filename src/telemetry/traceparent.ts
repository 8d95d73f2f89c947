/** A place in a trace, as the header `traceparent` of W3C Trace Context has it: version, trace, span, flags. */
const pattern = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})/
// Characters of version 00. Later versions may append fields, which a reader of this one leaves out.
const length = 55

/** The header of a request where it is well-formed. One that is not begins no trace, as the standard asks. */
export function traceparentIn(header: unknown): string | undefined {
  if (typeof header !== 'string' || !pattern.test(header)) return undefined
  if (header.startsWith('00')) return header.length === length ? header : undefined
  return header.length === length || header[length] === '-' ? `00${header.slice(2, length)}` : undefined
}

/** The place of a span in the same trace. */
export function placeOf(spanId: string, traceparent: string) {
  return `${traceparent.slice(0, 36)}${spanId}${traceparent.slice(52)}`
}

/** The trace that a well-formed one belongs to. */
export function traceIdOf(traceparent: string) {
  return traceparent.slice(3, 35)
}
