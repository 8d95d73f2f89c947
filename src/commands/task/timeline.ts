import { show, terminalWidth } from '../screen/print.ts'
import { type Column, table } from '../screen/table.ts'
import { lasted } from '../screen/times.ts'
import type { TimelineItem } from '../service/bodies.ts'
import { taskId } from '../service/find.ts'
import type { Service } from '../service/service.ts'

const waits: Record<string, string> = {
  scheduled: 'waits for its time',
  queue: 'waits for a worker',
  retry: 'waits for its next attempt'
}

const columns: Column<TimelineItem>[] = [
  { head: 'AT', cell: ({ at }) => at },
  { head: 'TOOK', cell: ({ type, at, until }) => (type === 'event' ? undefined : lasted(at, until)), extra: 1 },
  { head: 'WHAT', cell: what, isLong: true },
  { head: 'ERROR', cell: ({ error }) => error && `${error.type}: ${error.message}`, extra: 2, isLong: true },
  { head: 'BY', cell: ({ by }) => by && `${by.kind} ${by.id}`, extra: 3, isLong: true }
]

export async function showTimeline(service: Service, word: string, { json }: { json?: boolean }) {
  const timeline = await service.get<{ items: TimelineItem[] }>(`api/tasks/${await taskId(service, word)}/timeline`)
  show(timeline, { json, text: () => table(columns, timeline.items, terminalWidth()) })
}

function what({ type, reason, attempt, outcome, state }: TimelineItem) {
  if (type === 'wait') return waits[reason ?? ''] ?? 'waits'
  return type === 'attempt' ? `attempt ${attempt}: ${outcome ?? 'runs'}` : state
}
