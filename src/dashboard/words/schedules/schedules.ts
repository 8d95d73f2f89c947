import type { Occurrence, Schedule } from '../../state/service/shapes.ts'
import { durationText } from '../time.ts'
import { cronText } from './cron.ts'

/** When it comes, in words. What has no short name stays as it was written. */
export function ruleText({ cron, every, at, timezone }: Pick<Schedule, 'cron' | 'every' | 'at' | 'timezone'>): string {
  if (every !== null) return everyText(every)
  if (at !== null) return 'once'
  return cron === null ? '' : `${cronText(cron)} (${timezone})`
}

const units: Record<number, string> = { 1: 'second', 60: 'minute', 3600: 'hour', 86400: 'day' }

function everyText(seconds: number) {
  return `every ${units[seconds] ?? durationText(seconds)}`
}

const reasons: Record<string, string> = {
  overlap: 'its last task was unfinished',
  missed: 'it was more than 60 s late',
  too_many: 'beyond missed_max',
  paused: 'the schedule was disabled',
  queue_gone: 'its queue is gone'
}

/** "fired", "skipped: overlap, its last task was unfinished". */
export function occurrenceText({ outcome, reason, late_by, count }: Occurrence): string {
  const why = reason ? `: ${reason}, ${reasons[reason] ?? ''}` : ''
  const late = late_by >= 1 ? `, ${durationText(late_by)} late` : ''
  return `${outcome}${why}${late}${count > 1 ? `, ${count} times` : ''}`
}

export const notes: Record<string, string> = {
  dst_gap: 'the clocks skip this time: it fires right after',
  dst_repeat: 'this time comes twice: it fires at the first'
}
