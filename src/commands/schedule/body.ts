import { durationText } from '#dashboard/words/time.ts'
import type { ScheduleBody } from '#schedules/schemas.ts'

export type Schedule = ScheduleBody

export const pathOf = (name: string) => `api/schedules/${encodeURIComponent(name)}`

/** "30 2 * * * (Europe/Berlin)", "every 5 min", or the moment. */
export function timingOf({ cron, every, at, timezone }: Schedule): string {
  if (cron !== null) return timezone === 'UTC' ? cron : `${cron} (${timezone})`
  return every === null ? `at ${at}` : `every ${durationText(every)}`
}

export function statusOf({ enabled }: Schedule): string {
  return enabled ? 'enabled' : 'disabled'
}
