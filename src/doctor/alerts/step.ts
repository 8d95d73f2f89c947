import { type Severity, severities } from '#database/tables.ts'
import type { Action } from '#tasks/why/actions.ts'
import type { Problem } from '../problem.ts'
import { gap, quiet, standing } from './times.ts'

/** A problem over time; a row of `darkroom.problems`. */
export interface Standing {
  id: string
  code: string
  subject_type: string
  subject_id: string
  sentence: string
  severity: Severity
  since: Date | null
  actions: Action[]
  first_seen_at: Date
  severity_at: Date
  last_seen_at: Date
  opened_at: Date | null
  gone_at: Date | null
  closed_at: Date | null
  told_at: Date | null
  told_severity: Severity | null
  flaps: number
}

export interface Step {
  row: Standing
  /** What webhooks are told. */
  tell?: 'problem.opened' | 'problem.closed'
}

const worse = (one: Severity, other: Severity) => severities.indexOf(one) < severities.indexOf(other)
const secondsFrom = (from: Date, to: Date) => (to.getTime() - from.getTime()) / 1000

/** A problem that is seen for the first time, or again after it closed. */
export function begin(found: Problem, id: string, flaps: number, now: Date): Standing {
  return {
    ...{ id, code: found.code, subject_type: found.subject.type, subject_id: found.subject.id },
    ...{ sentence: found.sentence, severity: found.severity, since: found.since, actions: found.actions },
    ...{ first_seen_at: now, severity_at: now, last_seen_at: now },
    ...{ opened_at: null, gone_at: null, closed_at: null, told_at: null, told_severity: null, flaps }
  }
}

/**
 * A problem that is there. It opens once it has stood for long enough, and is told again where it has become worse for
 * as long. One that is withheld (silenced, or the consequence of another) opens all the same, and is told later if it
 * still stands then.
 */
export function seen(row: Standing, found: Problem, now: Date, withheld: boolean): Step {
  const { sentence, severity, since, actions } = found
  const goesOn = row.opened_at !== null || secondsFrom(row.last_seen_at, now) <= gap
  const next: Standing = {
    ...row,
    ...{ sentence, severity, since, actions, last_seen_at: now, gone_at: null },
    first_seen_at: goesOn ? row.first_seen_at : now,
    severity_at: goesOn && severity === row.severity ? row.severity_at : now,
    flaps: row.gone_at === null ? row.flaps : row.flaps + 1
  }
  next.opened_at ??= secondsFrom(next.first_seen_at, now) >= standing[severity] ? now : null
  if (next.opened_at === null || withheld || !isNews(next, now)) return { row: next }
  return { row: { ...next, told_at: now, told_severity: severity }, tell: 'problem.opened' }
}

function isNews({ severity, severity_at, told_severity }: Standing, now: Date) {
  if (told_severity === null) return true
  return worse(severity, told_severity) && secondsFrom(severity_at, now) >= standing[severity]
}

/** A problem that is not there; undefined where it never opened, and is forgotten. */
export function unseen(row: Standing, now: Date): Step | undefined {
  if (row.opened_at === null) return undefined
  const gone_at = row.gone_at ?? now
  if (secondsFrom(gone_at, now) < quiet(row.flaps)) return { row: { ...row, gone_at } }
  const closed = { row: { ...row, gone_at, closed_at: now } }
  return row.told_at === null ? closed : { ...closed, tell: 'problem.closed' }
}
