import { type FieldProblem, join } from './check.ts'

/** Levels of a body: far beyond what anybody writes, and far below what ends Postgres' stack, or ours. */
export const deepest = 200

/** What Postgres has no way to keep of a value; `json` is the value as it is written. */
export function unstorableIn(value: unknown, json: string): FieldProblem[] {
  // Only these escapes can bring in what is looked for; most bodies have none.
  if (!/\\u(0000|d[89a-f][0-9a-f]{2})/i.test(json)) return []
  const field = unstorable(value)
  return field === undefined ? [] : [{ field, message: 'has a NUL or half a surrogate pair in a text' }]
}

/**
 * The field with the first text that Postgres has no way to keep; where that is a key, the one that the key is in.
 * Without recursion: a body may nest deeply.
 */
function unstorable(body: unknown): string | undefined {
  const open: { field: string; value: unknown }[] = [{ field: '', value: body }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { field, value } = next
    if (typeof value === 'string' && isUnstorable(value)) return field
    if (typeof value !== 'object' || value === null) continue
    for (const [key, each] of Object.entries(value)) {
      if (isUnstorable(key)) return field
      open.push({ field: join(field, Array.isArray(value) ? `[${key}]` : key), value: each })
    }
  }
  return undefined
}

function isUnstorable(text: string) {
  return !text.isWellFormed() || text.includes('\0')
}

const [quote, backslash, openList, closeList, openObject, closeObject] = Buffer.from('"\\[]{}')

/** Counts the brackets of a JSON text that are outside of its texts: whether they match is the parser's to say. */
export function nestsTooDeeply(bytes: Buffer) {
  let depth = 0
  let inText = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inText) {
      if (byte === backslash) i++
      else if (byte === quote) inText = false
    } else if (byte === quote) inText = true
    else if (byte === openList || byte === openObject) {
      if (++depth > deepest) return true
    } else if (byte === closeList || byte === closeObject) depth--
  }
  return false
}
