import { bytesText } from '#dashboard/words/number.ts'
import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago } from '../screen/times.ts'
import type { Worker } from '../service/bodies.ts'
import { readAll } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

const columns: Column<Worker>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'STATUS', cell: statusOf, isStatus: true },
  { head: 'HOST:PID', cell: ({ host, pid }) => `${host}:${pid}`, extra: 1, isLong: true },
  { head: 'BUSY', cell: ({ running, concurrency }) => `${running.length}/${concurrency}`, extra: 2, isNumber: true },
  { head: 'RUNS', cell: ({ running }) => [...new Set(running.map(({ task }) => task))], extra: 5, isLong: true },
  { head: 'QUEUES', cell: ({ queues }) => queues, extra: 4, isLong: true },
  { head: 'MEMORY', cell: ({ memory }) => memory !== null && bytesText(memory), extra: 6, isNumber: true },
  { head: 'CPU', cell: ({ cpu }) => cpu?.toFixed(1), extra: 7, isNumber: true },
  { head: 'STARTED', cell: ({ started_at }) => ago(started_at), extra: 3 },
  { head: 'HEARD', cell: ({ heartbeat_at }) => ago(heartbeat_at), extra: 8 }
]

export async function listWorkers(service: Service, { json, watch }: { json?: boolean; watch?: boolean }) {
  await showList({
    json,
    watch,
    read: () => readAll<Worker>(service, 'api/workers'),
    text: ({ items }, width) => table(columns, items, width)
  })
}

export function statusOf({ status, paused, shutdown }: Worker): string {
  if (status !== 'running') return status
  if (shutdown !== null) return 'ending'
  return paused ? 'paused' : status
}
