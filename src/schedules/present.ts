import type { Occurrence, Schedule } from './row.ts'
import type { OccurrenceBody, ScheduleBody } from './schemas.ts'
import { type Option, options } from './settings/options.ts'

export function present(schedule: Schedule): ScheduleBody {
  const chosen = schedule.options as Partial<Record<Option, unknown>>
  const passedOn = Object.fromEntries(options.map(name => [name, chosen[name] ?? null]))
  return {
    id: schedule.id,
    name: schedule.name,
    task: schedule.task,
    args: schedule.args,
    queue: schedule.queue,
    priority: schedule.priority,
    cron: schedule.cron,
    every: schedule.every,
    at: iso(schedule.at),
    timezone: schedule.timezone,
    start_at: iso(schedule.start_at),
    end_at: iso(schedule.end_at),
    jitter: schedule.jitter,
    enabled: schedule.enabled,
    one_off: schedule.one_off,
    missed: schedule.missed,
    missed_max: schedule.missed_max,
    overlap: schedule.overlap,
    ...(passedOn as Pick<ScheduleBody, Option>),
    description: schedule.description,
    note: schedule.refusal ?? schedule.note,
    tags: schedule.tags,
    system: schedule.system,
    created_at: schedule.created_at.toISOString(),
    updated_at: schedule.updated_at.toISOString(),
    last_run_at: iso(schedule.last_run_at),
    last_task_id: schedule.last_task_id,
    next_run_at: iso(schedule.next_run_at),
    total_run_count: schedule.total_run_count,
    total_skipped: schedule.total_skipped
  }
}

export function presentOccurrence(occurrence: Occurrence): OccurrenceBody {
  const late = (occurrence.decided_at.getTime() - occurrence.due_at.getTime()) / 1000
  return {
    due_at: occurrence.due_at.toISOString(),
    outcome: occurrence.outcome,
    reason: occurrence.reason,
    task_id: occurrence.task_id,
    late_by: Math.max(0, late),
    manual: occurrence.manual,
    until: iso(occurrence.until),
    count: occurrence.count
  }
}

function iso(time: Date | null) {
  return time === null ? null : time.toISOString()
}
