import type { Schedule } from '../../state/service/shapes.ts'
import type { Zone } from '../time.ts'

/** One moment at which a schedule will fire. */
export interface Firing {
  id: string
  name: string
  at: number
}

export interface HeatCell {
  hour: number
  firings: Firing[]
}

export interface HeatDay {
  /** "Mon 30 Nov". */
  name: string
  hours: HeatCell[]
}

const days = 7
const hour = 3_600_000
/** Occurrences of one schedule; that is one an hour and some. What fires more often would only dye every cell alike. */
export const mostOfOne = 200

/** Today and the six days after it, in the user's zone, with what fires in each hour. */
export function heatOf(firings: readonly Firing[], now: number, zone: Zone): HeatDay[] {
  const place = placeIn(zone)
  const heat: HeatDay[] = daysFrom(now, zone).map(name => ({
    name,
    hours: Array.from({ length: 24 }, (_, hour) => ({ hour, firings: [] }))
  }))
  for (const firing of firings) {
    if (firing.at < now) continue
    const { day, hour } = place(firing.at)
    heat.find(({ name }) => name === day)?.hours[hour]?.firings.push(firing)
  }
  return heat
}

function placeIn(zone: Zone) {
  const timeZone = zone === 'UTC' ? { timeZone: 'UTC' } : {}
  const dayFormat = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', ...timeZone })
  const hourFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', hourCycle: 'h23', ...timeZone })
  return (at: number) => ({ day: dayFormat.format(at).replace(',', ''), hour: Number(hourFormat.format(at)) })
}

/** Names of days, hour by hour: a day may have 23 or 25 of them. */
function daysFrom(now: number, zone: Zone) {
  const place = placeIn(zone)
  const names = new Set<string>()
  for (let at = now; names.size <= days; at += hour) names.add(place(at).day)
  return [...names].slice(0, days)
}

/** When a week of days ends at the latest. */
export function weekEnd(now: number) {
  return now + (days * 24 + 1) * hour
}

type Timed = Pick<Schedule, 'id' | 'name' | 'every' | 'at' | 'next_run_at' | 'end_at'>

/** Of a schedule without cron: it needs no question to the server. Undefined: too often to be drawn. */
export function firingsOf({ id, name, every, at, next_run_at, end_at }: Timed, now: number): Firing[] | undefined {
  if (next_run_at === null) return []
  const first = Date.parse(next_run_at)
  const end = Math.min(weekEnd(now), end_at === null ? Number.POSITIVE_INFINITY : Date.parse(end_at))
  if (at !== null || every === null) return first <= end ? [{ id, name, at: first }] : []
  const count = Math.floor((end - first) / (every * 1000)) + 1
  if (count > mostOfOne) return undefined
  return Array.from({ length: Math.max(0, count) }, (_, turn) => ({ id, name, at: first + turn * every * 1000 }))
}

/** From 0, nothing, to 4, as busy as the busiest hour. A single occurrence is never the darkest. */
export function levelOf(count: number, most: number): number {
  if (count === 0) return 0
  return Math.ceil((4 * count) / Math.max(4, most))
}

/** Hours with several occurrences, the fullest first. */
export function busiest(heat: readonly HeatDay[]) {
  return heat
    .flatMap(({ name, hours }) => hours.map(cell => ({ day: name, ...cell })))
    .filter(({ firings }) => firings.length > 1)
    .sort((one, other) => other.firings.length - one.firings.length)
}

/** "02" as "02:00–03:00". */
export function hourText(hour: number): string {
  const two = (number: number) => `${String(number).padStart(2, '0')}:00`
  return `${two(hour)}–${two(hour + 1)}`
}
