import { show, terminalWidth } from '../screen/print.ts'
import { type Column, table } from '../screen/table.ts'
import { lasted } from '../screen/times.ts'
import { taskId } from '../service/find.ts'
import type { Service } from '../service/service.ts'

interface Item {
  type: 'wait' | 'attempt' | 'event'
  at: string
  until: string | null
  reason: string | null
  attempt: number | null
  outcome: string | null
  state: string | null
  error: { type: string; message: string } | null
  by: { kind: string; id: string } | null
}

const waits: Record<string, string> = {
  scheduled: 'waits for its time',
  queue: 'waits for a worker',
  retry: 'waits for its next attempt'
}

const columns: Column<Item>[] = [
  { head: 'AT', cell: ({ at }) => at },
  { head: 'TOOK', cell: ({ type, at, until }) => (type === 'event' ? undefined : lasted(at, until)), extra: 1 },
  { head: 'WHAT', cell: what, isLong: true },
  { head: 'ERROR', cell: ({ error }) => error && `${error.type}: ${error.message}`, extra: 2, isLong: true },
  { head: 'BY', cell: ({ by }) => by && `${by.kind} ${by.id}`, extra: 3, isLong: true }
]

export async function showTimeline(service: Service, word: string, { json }: { json?: boolean }) {
  const timeline = await service.get<{ items: Item[] }>(`api/tasks/${await taskId(service, word)}/timeline`)
  show(timeline, { json, text: () => table(columns, timeline.items, terminalWidth()) })
}

function what({ type, reason, attempt, outcome, state }: Item) {
  if (type === 'wait') return waits[reason ?? ''] ?? 'waits'
  return type === 'attempt' ? `attempt ${attempt}: ${outcome ?? 'runs'}` : state
}
