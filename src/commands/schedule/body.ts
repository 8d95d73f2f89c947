import { durationText } from '#dashboard/words/time.ts'

/** What commands read of a schedule. */
export interface Schedule {
  id: string
  name: string
  task: string
  args: unknown
  queue: string | null
  priority: number | null
  cron: string | null
  every: number | null
  at: string | null
  timezone: string
  enabled: boolean
  start_at: string | null
  end_at: string | null
  missed: string
  overlap: string
  jitter: number
  description: string | null
  note: string | null
  tags: string[]
  system: boolean
  last_run_at: string | null
  last_task_id: string | null
  next_run_at: string | null
  total_run_count: number
  total_skipped: number
}

export const pathOf = (name: string) => `api/schedules/${encodeURIComponent(name)}`

/** "30 2 * * * (Europe/Berlin)", "every 5 min", or the moment. */
export function timingOf({ cron, every, at, timezone }: Schedule): string {
  if (cron !== null) return timezone === 'UTC' ? cron : `${cron} (${timezone})`
  return every === null ? `at ${at}` : `every ${durationText(every)}`
}

export function statusOf({ enabled }: Schedule): string {
  return enabled ? 'enabled' : 'disabled'
}
