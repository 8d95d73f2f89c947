import { type FieldProblem, join } from './check.ts'

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
