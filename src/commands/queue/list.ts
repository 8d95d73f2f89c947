import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago, long } from '../screen/times.ts'
import type { Queue } from '../service/bodies.ts'
import { readAll } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

const columns: Column<Queue>[] = [
  { head: 'NAME', cell: ({ name }) => name, isLong: true, least: 20 },
  { head: 'STATUS', cell: ({ paused }) => (paused ? 'paused' : 'open'), isStatus: true },
  { head: 'DEPTH', cell: ({ depth }) => depth, isNumber: true },
  { head: 'OLDEST', cell: ({ oldest_age }) => long(oldest_age), extra: 1 },
  { head: 'RUNNING', cell: ({ running }) => running, extra: 2, isNumber: true },
  { head: 'WORKERS', cell: ({ workers }) => workers, extra: 3, isNumber: true },
  { head: 'IN/MIN', cell: ({ per_minute }) => per_minute?.created, extra: 6, isNumber: true },
  { head: 'OUT/MIN', cell: ({ per_minute }) => per_minute?.finished, extra: 6, isNumber: true },
  { head: 'WAIT P95', cell: ({ pickup_p95 }) => long(pickup_p95), extra: 5 },
  { head: 'UNTIL', cell: ({ until }) => ago(until), extra: 7 },
  { head: 'REASON', cell: ({ reason }) => reason, extra: 4, isLong: true }
]

export async function listQueues(service: Service, { json, watch }: { json?: boolean; watch?: boolean }) {
  await showList({
    json,
    watch,
    read: () => readAll<Queue>(service, 'api/queues'),
    text: ({ items }, width) => table(columns, items, width)
  })
}
