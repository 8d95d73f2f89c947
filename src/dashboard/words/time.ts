const units: [seconds: number, name: string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's']
]

/** "240 ms", "3.2 s", "4 min 10 s", "2 d 3 h": two units at most. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–'
  const size = Math.max(0, seconds)
  if (size < 0.9995) return `${Math.round(size * 1000)} ms`
  if (size < 9.95) return `${size.toFixed(1)} s`
  let left = Math.round(size)
  const parts: string[] = []
  for (const [length, name] of units) {
    const count = Math.floor(left / length)
    left -= count * length
    if (count > 0) parts.push(`${count} ${name}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.join(' ')
}

/** One unit: for tables. "now", "12 s", "4 min", "3 h", "9 d". */
export function shortDuration(seconds: number): string {
  const size = Math.abs(seconds)
  if (size < 1) return '0 s'
  const [length, name] = units.find(([length]) => size >= length)!
  return `${Math.floor(size / length)} ${name}`
}

/** "12 s ago", "in 4 min". */
export function relativeText(time: string | number, now: number): string {
  const seconds = (new Date(time).getTime() - now) / 1000
  if (Math.abs(seconds) < 1) return 'now'
  return seconds < 0 ? `${shortDuration(seconds)} ago` : `in ${shortDuration(seconds)}`
}

export type Zone = 'browser' | 'UTC'

const formats = new Map<string, Intl.DateTimeFormat>()
function format(zone: string | undefined, options: Intl.DateTimeFormatOptions) {
  const key = `${zone} ${JSON.stringify(options)}`
  const known = formats.get(key)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-GB', { ...options, ...(zone && { timeZone: zone }), hourCycle: 'h23' })
  formats.set(key, made)
  return made
}

const zoneName = (zone: Zone) => (zone === 'UTC' ? 'UTC' : undefined)

/** "28 Nov 2026, 19:03:31". */
export function timeText(time: string | number, zone: Zone): string {
  return format(zoneName(zone), { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(time))
}

/** "19:03:31". */
export function clockText(time: string | number, zone: Zone): string {
  return format(zoneName(zone), { timeStyle: 'medium' }).format(new Date(time))
}

/** "28 Nov 19:03". */
export function shortTime(time: string | number, zone: Zone): string {
  const options = { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' } as const
  return format(zoneName(zone), options).format(new Date(time)).replace(',', '')
}

// Asked for once: the question makes a format, and a list asks for each row.
let here: string | undefined

/** All ways to say a moment, for a title. */
export function everyZone(time: string): string {
  here ??= Intl.DateTimeFormat().resolvedOptions().timeZone
  return `${timeText(time, 'browser')} (${here})\n${timeText(time, 'UTC')} (UTC)\n${time}`
}

/**
 * A time that a user wrote, in the zone of the browser. What is none is sent as it is, so that the API says so: a browser
 * would take the 30th of February for the 2nd of March, and 1.2.2027 for a day in January.
 */
export function isoText(written: string): string {
  const [, day = '', clock = ''] = /^\s*(\d{4}-\d\d-\d\d)(.*?)\s*$/.exec(written) ?? []
  const isDay = day !== '' && new Date(`${day}T00:00Z`).toJSON()?.startsWith(day)
  // A day alone would be one of UTC.
  const moment = new Date(`${day}${clock || 'T00:00'}`)
  return isDay && !Number.isNaN(moment.getTime()) ? moment.toISOString() : written
}

/** "2026-11-28 19:03", as a user writes it. */
export function writtenText(time: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`
}
