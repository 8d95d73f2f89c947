import { Cron } from 'croner'
import type { CronRule } from './cron.ts'
import { offsetAt } from './zone.ts'

export type DstNote = 'dst_gap' | 'dst_repeat' | null

/** The moments of a cron rule in a time zone. */
export interface LocalTimes {
  /** The first one after a moment; null where none comes. */
  next(after: Date): Date | null
  note(at: Date): DstNote
}

// Milliseconds. No clock change takes longer to pass over than this.
const beyondRepeat = 3 * 3600_000

/**
 * What clock changes do to a schedule. A rule whose hours cover the whole day goes by elapsed time: it is due at every
 * moment whose local time matches, in both of two repeated hours. A rule that names hours is due once at each local
 * time that it names: at the first of two (`dst_repeat`), and right after a gap if the time falls into it (`dst_gap`;
 * once, if several do). croner calls the latter fixed-time rules, as long as no field of the time has a `*` or a step.
 */
export function localTimes({ pattern, everyHour }: CronRule, timezone: string): LocalTimes {
  const cron = new Cron(pattern, { mode: '6-part', timezone, fixedTimeRule: 'no-wildcard' })
  return {
    next: after => cron.nextRun(after),
    note(at) {
      if (everyHour) return null
      const offset = offsetAt(at, timezone)
      // A change forward ends at this moment, and the local time of the moment is not one that the rule names.
      if (offsetAt(new Date(at.getTime() - 1), timezone) < offset && !cron.match(at)) return 'dst_gap'
      const back = offset - offsetAt(new Date(at.getTime() + beyondRepeat), timezone)
      const again = new Date(at.getTime() + back)
      return back > 0 && offsetAt(again, timezone) === offset - back ? 'dst_repeat' : null
    }
  }
}
