import type { OccurrenceOutcome, SkipReason } from '#database/tables.ts'
import type { Rule } from '../calendar/rule.ts'
import type { Schedule } from '../row.ts'

/** What becomes of an occurrence, or of several in a row. */
export interface Decision {
  due_at: Date
  outcome: OccurrenceOutcome
  reason: SkipReason | null
  until: Date | null
  count: number
}

export interface Due {
  decisions: Decision[]
  /** When it is due next; in the past where more is due than one look takes. */
  next: Date | null
}

// Milliseconds; later is missed.
const grace = 60_000
// Occurrences that one look goes through.
const most = 1_000

/**
 * What is due, from the schedule's cursor to now. Occurrences of the last minute fire; earlier ones are missed, and the
 * schedule's policy decides. Overlaps and queues are up to the caller, which knows the tasks.
 */
export function decideDue(
  schedule: Pick<Schedule, 'next_run_at' | 'missed' | 'missed_max'>,
  rule: Rule,
  now: Date
): Due {
  const times: Date[] = []
  let next = schedule.next_run_at
  while (next && next <= now && times.length < most) {
    times.push(next)
    next = rule.next(next)
  }
  const isMissed = (time: Date) => time.getTime() < now.getTime() - grace
  const late = times.filter(isMissed)
  const onTime = times.slice(late.length).map(fired)
  // Nothing of this look is the newest missed one.
  const behind = next !== null && isMissed(next)

  if (late.length === 0) return { decisions: onTime, next }
  if (schedule.missed === 'skip')
    return { decisions: [...together(late, behind, 'skipped', 'missed'), ...onTime], next }
  if (schedule.missed === 'once') {
    const stands = behind ? [] : late.slice(-1)
    const others = late.slice(0, late.length - stands.length)
    return { decisions: [...together(others, behind, 'coalesced', 'missed'), ...stands.map(fired), ...onTime], next }
  }
  // The newest ones may be among these: the next look begins with them.
  const kept = late.slice(-schedule.missed_max)
  const others = together(late.slice(0, late.length - kept.length), behind, 'skipped', 'too_many')
  if (behind) return { decisions: others, next: kept[0]! }
  return { decisions: [...others, ...kept.map(fired), ...onTime], next }
}

function fired(due_at: Date): Decision {
  return { due_at, outcome: 'fired', reason: null, until: null, count: 1 }
}

/** A row for each; one row for all of them where the outage was so long that more follow. */
function together(times: Date[], asOne: boolean, outcome: OccurrenceOutcome, reason: SkipReason): Decision[] {
  if (times.length === 0) return []
  if (!asOne) return times.map(due_at => ({ due_at, outcome, reason, until: null, count: 1 }))
  return [{ due_at: times[0]!, outcome, reason, until: times.at(-1)!, count: times.length }]
}

/** Occurrences of the time in which a schedule was disabled. */
export function paused(rule: Rule, from: Date, to: Date): Decision[] {
  const times: Date[] = []
  let next = rule.next(from)
  while (next && next < to && times.length < most) {
    times.push(next)
    next = rule.next(next)
  }
  return together(times, times.length > 100, 'skipped', 'paused')
}
