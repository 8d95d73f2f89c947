import type { Occurrence, Schedule } from '../state/shapes.ts'
import { durationText } from './time.ts'

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const two = (text: string) => text.padStart(2, '0')

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

export function cronText(cron: string): string {
  const fields = cron.trim().split(/\s+/)
  const [minute = '', hour = '', day, month, weekday = ''] = fields
  if (fields.length !== 5 || month !== '*') return cron
  const time = /^\d+$/.test(minute) && /^\d+$/.test(hour) ? `${two(hour)}:${two(minute)}` : undefined
  if (day === '*' && weekday === '*') {
    if (time) return `each day at ${time}`
    if (minute === '*' && hour === '*') return 'each minute'
    const step = /^\*\/(\d+)$/.exec(minute)
    if (step && hour === '*') return `every ${step[1]} minutes`
    if (/^\d+$/.test(minute) && hour === '*') return `each hour at minute ${Number(minute)}`
  }
  if (time && day === '*') {
    const name =
      days[Number(weekday) % 7] ?? days.find(name => name.slice(0, 3).toUpperCase() === weekday.toUpperCase())
    if (name) return `each ${name} at ${time}`
    if (/^(1-5|MON-FRI)$/i.test(weekday)) return `Monday to Friday at ${time}`
  }
  if (time && weekday === '*' && /^\d+$/.test(day ?? '')) return `on day ${day} of each month at ${time}`
  return cron
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
