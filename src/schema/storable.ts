import { type FieldProblem, join } from './check.ts'

/** Levels of nesting in a body: far more than clients use, far less than exhausts the stack of Postgres or Node. */
export const deepest = 200

/** Reports text that Postgres cannot store in jsonb; `json` is the value's own text. */
export function unstorableIn(value: unknown, json: string): FieldProblem[] {
  // Valid UTF-8 can hold neither but by these escapes, and most bodies have none.
  if (!/\\u(0000|d[89a-f][0-9a-f]{2})/i.test(json)) return []
  const field = unstorable(value)
  return field === undefined ? [] : [{ field, message: 'has a NUL or half a surrogate pair in a text' }]
}

/**
 * The first field with such a text; for a key, the field that it is in. Iterative, since a body may nest deeply.
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

/** Counts open brackets outside of strings, before the parser recurses. The parser checks whether they match. */
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
