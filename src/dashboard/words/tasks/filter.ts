/** What the list of tasks can be asked for; the names are those of `GET /api/tasks`. */
export const filterNames = [
  'status',
  'task',
  'queue',
  'worker',
  'tag',
  'error',
  'schedule_id',
  'video_id',
  'created_after',
  'created_before',
  'attempts_min',
  'ran_min',
  'waited_min'
] as const
export type FilterName = (typeof filterNames)[number]
export type Filter = Partial<Record<FilterName | 'q', string>>

// Shorter names for the bar; the API's own names work, too.
const shortNames: Record<string, FilterName> = {
  kind: 'task',
  schedule: 'schedule_id',
  video: 'video_id',
  film: 'video_id',
  from: 'created_after',
  to: 'created_before',
  attempts: 'attempts_min',
  ran: 'ran_min',
  waited: 'waited_min'
}
const barNames: Partial<Record<FilterName, string>> = {
  schedule_id: 'schedule',
  video_id: 'video',
  created_after: 'from',
  created_before: 'to',
  attempts_min: 'attempts',
  ran_min: 'ran',
  waited_min: 'waited'
}

// In quotes a quote is written twice.
const word = /(-?)([a-z_]+):(?:"((?:[^"]|"")*)"|(\S+))|"((?:[^"]|"")*)"|(\S+)/g
const least = /^>=?/

/** `status:FAILED kind:add ran:>10m hello` as parameters of the API. What is no filter is searched for. */
export function parseFilter(text: string): Filter {
  const filter: Filter = {}
  const rest: string[] = []
  for (const [whole, minus = '', name = '', quoted, plain, phrase, loose] of text.matchAll(word)) {
    const known = nameOf(name)
    const value = quoted?.replaceAll('""', '"') ?? plain
    if (known === undefined || value === undefined || value === '')
      rest.push(phrase?.replaceAll('""', '"') ?? loose ?? whole)
    else filter[known] = valueIn(known, `${minus}${value}`)
  }
  const q = rest.join(' ')
  if (q !== '') filter.q = q
  return filter
}

export function printFilter(filter: Filter): string {
  const chips = filterNames.flatMap(name => {
    const value = filter[name]
    if (value === undefined) return []
    const minus = value.startsWith('-') ? '-' : ''
    const bare = value.slice(minus.length)
    const shown = name.endsWith('_min') ? `>${name === 'attempts_min' ? bare : spanText(bare)}` : bare
    return [`${minus}${barNames[name] ?? name}:${/[\s"]/.test(shown) ? inQuotes(shown) : shown}`]
  })
  return [...chips, ...(filter.q ? [phraseOf(filter.q)] : [])].join(' ')
}

/** A text that reads as something else is in quotes. */
function phraseOf(q: string) {
  const read = parseFilter(q)
  return Object.keys(read).length === 1 && read.q === q ? q : inQuotes(q)
}

function inQuotes(text: string) {
  return `"${text.replaceAll('"', '""')}"`
}

function nameOf(name: string): FilterName | undefined {
  return shortNames[name] ?? filterNames.find(known => known === name)
}

function valueIn(name: FilterName, value: string) {
  if (name === 'status') return value.toUpperCase()
  if (name === 'ran_min' || name === 'waited_min') return String(spanOf(value.replace(least, '')))
  return name === 'attempts_min' ? value.replace(least, '') : value
}

const lengths: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds of "90", "10m", "2h". */
export function spanOf(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)([smhd])?$/.exec(text) ?? []
  return number === undefined ? Number.NaN : Number(number) * lengths[unit]!
}

function spanText(seconds: string) {
  const size = Number(seconds)
  const unit = (['d', 'h', 'm'] as const).find(unit => size > 0 && size % lengths[unit]! === 0) ?? 's'
  return unit === 's' ? `${seconds}s` : `${size / lengths[unit]!}${unit}`
}

/** `-1h` and `-7d` are times from now on; anything else is a time as it is. */
export function momentOf(text: string, now: number): string {
  const seconds = text.startsWith('-') ? spanOf(text.slice(1)) : Number.NaN
  return Number.isNaN(seconds) ? text : new Date(now - seconds * 1000).toISOString()
}

/** The parameters of a page's address that are filters. */
export function filterOfQuery(query: URLSearchParams): Filter {
  const names = [...filterNames, 'q'] as const
  return Object.fromEntries(names.flatMap(name => (query.get(name) ? [[name, query.get(name)!]] : [])))
}

/** The query of a request, with moments in place of relative times. */
export function queryOfFilter(filter: Filter, now: number): URLSearchParams {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(filter)) {
    if (value) query.set(name, name.startsWith('created_') ? momentOf(value, now) : value)
  }
  return query
}
