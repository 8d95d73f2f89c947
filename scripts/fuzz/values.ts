import type { Random } from '../chaos/random.ts'

/** What breaks parsers, encoders, queries and sums. Nothing of it leads to another machine. */
const texts = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\u202e\u2066',
  '💥'.repeat(100),
  'x'.repeat(300),
  'x'.repeat(20_000),
  '%',
  '\\',
  '%_\\%',
  "'; drop table darkroom.tasks; --",
  '{{7*7}}',
  '<script>alert(1)</script>',
  '../../../../etc/passwd',
  '..%2f..%2fetc',
  '__proto__',
  'constructor',
  '\r\nSet-Cookie: a=b',
  'null',
  'NaN',
  '1e999',
  '-0',
  '0x10',
  'infinity',
  '0000-01-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '2026-01-01T00:00:00+99:99',
  '00000000-0000-0000-0000-000000000000',
  '* * * * *',
  '0 0 31 2 *',
  '@yearly',
  'Europe/Nowhere',
  'https://hook.invalid/x',
  'http://127.1/',
  '-bad,good',
  'a,b,,c',
  'a\\,b'
]

const numbers = [
  0,
  -0,
  1,
  -1,
  0.1,
  -0.5,
  9,
  10,
  1000,
  1001,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e21,
  1e308,
  -1e308
]

/** A value that no schema asked for. */
export function hostile(random: Random, depth = 0): unknown {
  const choice = random.whole(0, depth > 2 ? 3 : 6)
  if (choice <= 1) return random.pick(texts)
  if (choice === 2) return random.pick(numbers)
  if (choice === 3) return random.pick([null, true, false])
  if (choice === 4) return Array.from({ length: random.pick([0, 1, 3, 30]) }, () => hostile(random, depth + 1))
  if (choice === 5) return deep(random.pick([10, 500]))
  return Object.fromEntries([
    [random.pick(['__proto__', 'constructor', 'id', '', 'x.y']), hostile(random, depth + 1)],
    ['a', hostile(random, depth + 1)]
  ])
}

function deep(levels: number): unknown {
  let value: unknown = {}
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { a: value }
  return value
}

export function hostileText(random: Random): string {
  return random.pick(texts)
}

type Schema = Record<string, any>

/** A value that mostly fits a schema of the document: what is near to right comes furthest. */
export function sampleOf(schema: Schema | undefined, random: Random, resolve: (schema: Schema) => Schema): unknown {
  if (random.chance(0.06)) return hostile(random)
  const plain = resolve(schema ?? {})
  const { type, anyOf, oneOf, allOf, items, properties, examples } = plain
  if ('const' in plain) return plain.const
  if (plain.enum) return random.pick(plain.enum)
  if (examples?.length && random.chance(0.5)) return random.pick(examples)
  if (anyOf ?? oneOf) return sampleOf(random.pick(anyOf ?? oneOf), random, resolve)
  if (allOf) return Object.assign({}, ...allOf.map((each: Schema) => sampleOf(each, random, resolve)))
  if (type === 'object' || properties) return objectOf(plain, random, resolve)
  if (type === 'array') {
    const length = random.pick([0, 1, 2, Math.min(plain.maxItems ?? 3, 30) + 1])
    return Array.from({ length }, () => sampleOf(items, random, resolve))
  }
  if (type === 'boolean') return random.chance(0.5)
  if (type === 'null') return null
  if (type === 'integer' || type === 'number') return numberOf(plain, random)
  return textOf(plain, random)
}

function objectOf({ properties = {}, required = [] }: Schema, random: Random, resolve: (schema: Schema) => Schema) {
  const names = Object.keys(properties).filter(name => required.includes(name) || random.chance(0.3))
  const entries = names.map(name => [name, sampleOf(properties[name], random, resolve)])
  if (random.chance(0.05)) entries.push([hostileText(random), hostile(random)])
  return Object.fromEntries(entries)
}

function numberOf({ type, minimum = 0, maximum = 1e6 }: Schema, random: Random) {
  const edges = [minimum, maximum, minimum - 1, maximum + 1, random.between(minimum, maximum)]
  const value = random.pick(edges)
  return type === 'integer' && random.chance(0.9) ? Math.round(value) : value
}

function textOf({ format, maxLength, minLength = 0 }: Schema, random: Random) {
  if (random.chance(0.3)) return hostileText(random)
  if (format === 'date-time') return new Date(Date.now() + random.between(-1e11, 1e11)).toISOString()
  return 'a'.repeat(
    random.pick([minLength, Math.min(maxLength ?? 10, 300), Math.min((maxLength ?? 10) + 1, 10_000), 3])
  )
}
