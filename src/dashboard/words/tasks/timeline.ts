import type { TimelineItem } from '../../state/service/shapes.ts'
import { durationText } from '../time.ts'

const waits: Record<string, string> = {
  scheduled: 'waits for its time',
  queue: 'waits for a worker',
  retry: 'waits for its next attempt'
}

/** A moment of a task's life, in words. */
export function lineOf(item: TimelineItem): string {
  const failed = item.error ? `: ${item.error.type}, ${item.error.message.slice(0, 200)}` : ''
  if (item.type === 'wait') return waits[item.reason ?? ''] ?? 'waits'
  if (item.type === 'event') return `${item.state ?? ''}${failed}`
  const limit = item.time_limit === null ? '' : ` (limit ${durationText(item.time_limit)})`
  return `attempt ${item.attempt}: ${item.outcome ?? 'runs'}${limit}${failed}`
}
