import { CronDate, CronPattern } from 'croner'
import type { CronRule } from './cron.ts'
import { offsetAt } from './zone.ts'

/**
 * The rule for clock changes: **a schedule whose hour field covers all hours runs at every instant whose local time
 * matches**, so `0/15 * * * *` goes by elapsed time. **One that names hours runs once at each local time that it
 * names**: at the first of two, and right after a gap if the named time falls into it; several that fall into it run
 * once.
 *
 * croner only finds the next matching date and time of a calendar without clock changes. Its own handling of them drops
 * a time in a gap that ends at midnight (America/Nuuk every March), and takes longer.
 */
export interface LocalTimes {
  /** The first occurrence strictly after an instant; null when there is none before the year 3000. */
  next(after: Date): Date | null
  /** Whether an occurrence stands for a local time in a gap, or for the first of two; null for every-hour rules. */
  note(at: Date): 'dst_gap' | 'dst_repeat' | null
}

export function localTimes(rule: CronRule, timezone: string): LocalTimes {
  const named = calendarOf(rule)
  const next = rule.everyHour ? nextByInstant : nextByName
  return {
    next(after) {
      const at = next(after.getTime(), named, timezone)
      return at === undefined ? null : new Date(at)
    },
    note: at => (rule.everyHour ? null : noteOf(at.getTime(), named, timezone))
  }
}

/** The first matching local time strictly after a local time; both are numbers, as Date.UTC() makes of their fields. */
type Named = (after: number) => number | undefined

function calendarOf(rule: CronRule): Named {
  const pattern = new CronPattern(rule.pattern, undefined, { mode: rule.hasSeconds ? '6-part' : '5-part' })
  // A flag for each of 10,000 years: 80 kB a rule, which croner does not read where every year matches.
  pattern.year = []
  return after => new CronDate(new Date(after), 0).increment(pattern, {}, false)?.getTime()
}

// Clocks change by 24 h at most (Pacific/Apia skipped a day), and never twice within this.
const reach = 36 * 3_600_000

/** Names each local time in turn and asks when it is. */
function nextByName(after: number, named: Named, zone: string) {
  let local = named(turnOf(after, zone))
  while (local !== undefined) {
    const at = instantOf(local, zone)
    if (at > after) return at
    local = named(local)
  }
}

/**
 * The local time up to which all had their turn: in the second of two repeated hours, the end of the first. Otherwise
 * `* * 2 * * *` would look at up to 3,600 times again.
 */
function turnOf(after: number, zone: string) {
  const [before, offset] = [offsetAt(after - reach, zone), offsetAt(after, zone)]
  if (before <= offset) return after + offset
  return Math.max(after + offset, changeIn(after - reach, after, zone) + before - 1)
}

/** When it is this local time for the first time; in a gap, the instant after it. */
function instantOf(local: number, zone: string) {
  const before = offsetAt(local - reach, zone)
  const after = offsetAt(local + reach, zone)
  const [first, second] = [local - before, local - after]
  if (before === after || offsetAt(first, zone) === before) return first
  return offsetAt(second, zone) === after ? second : changeIn(second, first, zone)
}

/** Goes through the stretches between clock changes, each of which has one offset. */
function nextByInstant(after: number, named: Named, zone: string) {
  let from = after
  while (true) {
    const offset = offsetAt(from + 1, zone)
    const local = named(from + offset)
    if (local === undefined) return
    const at = local - offset
    const far = at - from > 2 * reach
    const until = far ? from + reach : at
    if (offsetAt(until, zone) !== offset) from = changeIn(from + 1, until, zone) - 1
    // Whatever the clocks do between here and there, no local time in between matches.
    else if (far) from = at - reach
    else return at
  }
}

function noteOf(at: number, named: Named, zone: string) {
  const offset = offsetAt(at, zone)
  const before = offsetAt(at - 1, zone)
  const local = at + offset
  // A gap that ends here, with a named time in it.
  if (before < offset && (named(at + before - 1) ?? Infinity) < local) return 'dst_gap'
  const after = offsetAt(at + reach, zone)
  return after < offset && offsetAt(local - after, zone) === after ? 'dst_repeat' : null
}

/** The first instant after `from`, and at the latest `to`, that has no longer the offset of `from`. */
function changeIn(from: number, to: number, zone: string) {
  const offset = offsetAt(from, zone)
  // Clocks change at whole seconds.
  let [same, changed] = [Math.floor(from / 1000), Math.ceil(to / 1000)]
  while (changed - same > 1) {
    const middle = Math.floor((same + changed) / 2)
    if (offsetAt(middle * 1000, zone) === offset) same = middle
    else changed = middle
  }
  return changed * 1000
}
