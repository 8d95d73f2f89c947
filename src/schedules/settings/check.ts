import type { Principal } from '#access/principal.ts'
import type { QueueNames } from '#queue/names.ts'
import { type FieldProblem, refuse } from '#schema/check.ts'
import type { Kinds } from '#tasks/define.ts'
import { prepareTask, type SubmitDefaults } from '#tasks/submit/prepare.ts'
import type { Submission } from '#tasks/submit/schemas.ts'
import { parseCron } from '../calendar/cron.ts'
import { type Rule, ruleOf, type Timing } from '../calendar/rule.ts'
import { zoneOf } from '../calendar/zone.ts'
import { ruleOfRow, type Schedule } from '../row.ts'
import type { Settings } from './settings.ts'

// Milliseconds. A time that has just passed was to come when the client sent it.
const grace = 60_000

/** Throws an error that names each wrong field of the timing; returns the zone's own spelling. */
export function checkTiming(timing: Timing, now: Date): string {
  const problems: FieldProblem[] = []
  const given = (['cron', 'every', 'at'] as const).filter(name => timing[name] !== null)
  if (given.length === 0) problems.push({ field: 'cron', message: 'is missing: give one of cron, every and at' })
  if (given.length > 1) {
    problems.push({ field: given[1]!, message: `says again when it is due: give one of ${given.join(', ')}` })
  }
  const zone = attempt(problems, 'timezone', () => zoneOf(timing.timezone))
  if (timing.cron !== null) attempt(problems, 'cron', () => parseCron(timing.cron!))
  if (timing.at && timing.at.getTime() < now.getTime() - grace) {
    problems.push({ field: 'at', message: 'is in the past' })
  }
  if (timing.start_at && timing.end_at && timing.end_at < timing.start_at) {
    problems.push({ field: 'end_at', message: 'must not be before start_at' })
  }
  if (problems.length > 0) throw refuse(problems)
  return zone!
}

/** When a saved schedule is due; refuses what SQL has written and no worker has disabled yet. */
export function ruleOfSaved(schedule: Schedule): Rule {
  const problems: FieldProblem[] = []
  attempt(problems, 'timezone', () => zoneOf(schedule.timezone))
  if (schedule.cron !== null) attempt(problems, 'cron', () => parseCron(schedule.cron!))
  if (problems.length > 0) throw refuse(problems)
  return ruleOfRow(schedule)
}

/** The first occurrence from a moment on. */
export function firstFrom(timing: Timing, now: Date): Date | null {
  const from = timing.at ? timing.at : now
  return ruleOf(timing).next(new Date(from.getTime() - 1))
}

/** As `firstFrom`; refuses a timing that leads to none. */
export function mustCome(timing: Timing, now: Date): Date {
  const next = firstFrom(timing, now)
  if (next) return next
  const { start_at, end_at } = timing
  if (end_at) throw refuse([{ field: 'end_at', message: 'is before the next occurrence' }])
  const field = timing.cron !== null ? 'cron' : timing.at ? 'at' : 'every'
  throw refuse([{ field, message: start_at ? 'never comes after start_at' : 'never comes' }])
}

function attempt<T>(problems: FieldProblem[], field: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    problems.push({ field, message: (error as Error).message })
    return undefined
  }
}

export interface WorkNeeds {
  kinds: Kinds
  queues: QueueNames
  defaults: SubmitDefaults
}

/** The task that a schedule would make now, checked like a submission. */
export async function checkWork(needs: WorkNeeds, settings: Settings, principal?: Principal) {
  const { id: _, ...template } = await prepareTask(
    needs,
    {
      ...(settings.options as Partial<Submission>),
      task: settings.task,
      args: settings.args as Record<string, unknown>,
      name: settings.name,
      queue: settings.queue ?? undefined,
      priority: settings.priority ?? undefined,
      tags: settings.tags
    },
    principal
  )
  return template
}
