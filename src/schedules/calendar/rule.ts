import { hash } from 'node:crypto'
import { parseCron } from './cron.ts'
import { type LocalTimes, localTimes } from './local-time.ts'
import { localText, zoneOf } from './zone.ts'

/** When a schedule fires: exactly one of `cron`, `every` and `at` is set. */
export interface Timing {
  id: string
  cron: string | null
  /** Seconds, at least 1; a fraction is allowed. */
  every: number | null
  at: Date | null
  timezone: string
  /** Both are inclusive, and about the times before jitter. */
  start_at: Date | null
  end_at: Date | null
  /** Seconds. */
  jitter: number
  /** Where `every` counts from without `start_at`: the schedule's creation. */
  anchor: Date
}

export type Note = 'dst_gap' | 'dst_repeat' | null

export interface Occurrence {
  at: Date
  /** ISO 8601 in the schedule's zone. */
  local: string
  note: Note
}

export interface Rule {
  /** Strictly after an instant; null when nothing comes. */
  next(after: Date): Date | null
  note(at: Date): Note
  local(at: Date): string
  /** Occurrences strictly after `from`. */
  preview(from: Date, count: number): Occurrence[]
}

/** Throws `InvalidCron` and `UnknownZone`. */
export function ruleOf(timing: Timing): Rule {
  const zone = zoneOf(timing.timezone)
  const nominal = nominalOf(timing, zone)
  const offset = jitterOf(timing)
  const moved = (date: Date, milliseconds: number) => new Date(date.getTime() + milliseconds)
  const rule: Rule = {
    next(after) {
      const from = Math.max(after.getTime() - offset, (timing.start_at?.getTime() ?? -Infinity) - 1)
      const at = nominal.next(new Date(from))
      return at && !(timing.end_at && at > timing.end_at) ? moved(at, offset) : null
    },
    note: at => nominal.note(moved(at, -offset)),
    local: at => localText(at, zone),
    preview(from, count) {
      const occurrences: Occurrence[] = []
      let at = count > 0 ? rule.next(from) : null
      while (at) {
        occurrences.push({ at, local: rule.local(at), note: rule.note(at) })
        at = occurrences.length < count ? rule.next(at) : null
      }
      return occurrences
    }
  }
  return rule
}

/** The times before jitter, `start_at` and `end_at`. */
function nominalOf({ cron, every, at, start_at, anchor }: Timing, zone: string): LocalTimes {
  if (cron !== null) return compiled(cron, zone)
  const next = every !== null ? grid((start_at ?? anchor).getTime(), every * 1000) : once(at!)
  return { next, note: () => null }
}

function once(at: Date) {
  return (after: Date) => (at > after ? at : null)
}

/** `origin + n · step`: each is computed from the origin, so nothing adds up over the years. */
function grid(origin: number, step: number) {
  return (after: Date) => {
    // A step may have a fraction of a millisecond: the nearest n can then be one off.
    let n = Math.max(0, Math.floor((after.getTime() - origin) / step))
    if (origin + Math.round(n * step) <= after.getTime()) n += 1
    const at = new Date(origin + Math.round(n * step))
    return Number.isNaN(at.getTime()) ? null : at
  }
}

/** Spreads schedules that name the same time; a schedule keeps its offset. Milliseconds. */
function jitterOf({ id, jitter }: Timing) {
  return hash('sha256', id, 'buffer').readUIntBE(0, 6) % (Math.round(jitter * 1000) + 1)
}

const cache = new Map<string, LocalTimes>()
// Twice the schedules of a large installation; an entry takes a few kB.
const mostCompiled = 2_000

/** The latest used are kept, as a thousand schedules are asked again and again. */
function compiled(cron: string, zone: string) {
  const key = `${zone} ${cron}`
  const times = cache.get(key) ?? localTimes(parseCron(cron), zone)
  cache.delete(key)
  cache.set(key, times)
  if (cache.size > mostCompiled) cache.delete(cache.keys().next().value!)
  return times
}
