import { createHash } from 'node:crypto'
import { parseCron } from './cron.ts'
import { type DstNote, type LocalTimes, localTimes } from './local-time.ts'
import { localText } from './zone.ts'

/** What decides when a schedule is due: one of cron, every and at, and its limits. */
export interface Timing {
  id: string
  cron: string | null
  /** Seconds. */
  every: number | null
  at: Date | null
  timezone: string
  start_at: Date | null
  end_at: Date | null
  /** Seconds. */
  jitter: number
  /** Where the grid of `every` begins, without start_at. */
  anchor: Date
}

export interface PreviewItem {
  at: Date
  local: string
  note: DstNote
}

export interface Rule {
  /** The first moment after another at which it is due; null where none comes. */
  next(after: Date): Date | null
  preview(from: Date, count: number): PreviewItem[]
}

export function ruleOf(timing: Timing): Rule {
  const { start_at, end_at, timezone } = timing
  const delay = delayOf(timing)
  const nominal = nominalOf(timing)
  const times = timing.cron === null ? undefined : timesOf(timing.cron, timezone)

  function next(after: Date): Date | null {
    const earliest = start_at ? start_at.getTime() - 1 : Number.NEGATIVE_INFINITY
    const found = nominal(new Date(Math.max(after.getTime() - delay, earliest)))
    if (!found || (end_at && found > end_at)) return null
    return new Date(found.getTime() + delay)
  }

  function* following(from: Date) {
    for (let at = next(new Date(from.getTime() - 1)); at; at = next(at)) yield at
  }

  return {
    next,
    preview(from, count) {
      return [...following(from).take(count)].map(at => ({
        at,
        local: localText(at, timezone),
        note: times ? times.note(new Date(at.getTime() - delay)) : null
      }))
    }
  }
}

/** Without limits and jitter. */
function nominalOf({ cron, every, at, timezone, start_at, anchor }: Timing): (after: Date) => Date | null {
  if (cron !== null) return timesOf(cron, timezone).next
  if (at) return after => (after < at ? at : null)
  const step = Math.round(every! * 1000)
  const first = (start_at ?? anchor).getTime()
  return after => {
    const past = Math.floor((after.getTime() - first) / step)
    const time = new Date(first + Math.max(0, past + 1) * step)
    // Beyond the year 275760 there is no date.
    return Number.isNaN(time.getTime()) ? null : time
  }
}

/** Milliseconds by which all occurrences of a schedule are late: always the same, so that its rhythm stays. */
function delayOf({ id, jitter }: Timing) {
  if (jitter === 0) return 0
  return createHash('sha1').update(id).digest().readUIntBE(0, 6) % (Math.round(jitter * 1000) + 1)
}

const compiled = new Map<string, LocalTimes>()
// Entries; a thousand schedules are looked at again and again.
const mostCompiled = 5_000

function timesOf(cron: string, timezone: string): LocalTimes {
  const key = `${timezone} ${cron}`
  let times = compiled.get(key)
  if (!times) {
    if (compiled.size >= mostCompiled) compiled.clear()
    times = localTimes(parseCron(cron), timezone)
    compiled.set(key, times)
  }
  return times
}
