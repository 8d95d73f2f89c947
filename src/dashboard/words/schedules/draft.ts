import type { Schedule } from '../../state/service/shapes.ts'
import { isoText } from '../time.ts'

export type Rule = 'cron' | 'every' | 'at'

export interface Draft {
  name: string
  task: string
  args: Record<string, unknown> | undefined
  rule: Rule
  cron: string
  every: string
  at: string
  timezone: string
  queue: string
  overlap: string
  missed: string
  description: string
}

export function draftOf(schedule: Schedule | undefined): Draft {
  return {
    name: schedule?.name ?? '',
    task: schedule?.task ?? 'process_data',
    args: (schedule?.args as Draft['args']) ?? {},
    rule: schedule?.every ? 'every' : schedule?.at ? 'at' : 'cron',
    cron: schedule?.cron ?? '0 3 * * *',
    every: String(schedule?.every ?? 3600),
    at: schedule?.at ?? '',
    timezone: schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    queue: schedule?.queue ?? '',
    overlap: schedule?.overlap ?? 'allow',
    missed: schedule?.missed ?? 'skip',
    description: schedule?.description ?? ''
  }
}

/** What decides when it comes. */
export function timingOf({ rule, cron, every, at, timezone }: Draft) {
  if (rule === 'cron') return { cron, timezone }
  if (rule === 'every') return { every: Number.isNaN(Number(every)) ? every : Number(every) }
  return { at: isoText(at) }
}

/** What is sent: all of a new schedule, the parts of one that is changed. */
export function bodyOf(draft: Draft, before: Schedule | undefined) {
  const { name, task, args, queue, overlap, missed, description } = draft
  const others = before ? { cron: null, every: null, at: null } : {}
  const work = before?.system ? {} : { task, args }
  return {
    name,
    ...work,
    ...others,
    ...timingOf(draft),
    ...(queue || before?.queue ? { queue: queue || null } : {}),
    overlap,
    missed,
    ...(description || before?.description ? { description: description || null } : {})
  }
}
