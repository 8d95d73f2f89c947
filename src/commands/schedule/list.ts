import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago } from '../screen/times.ts'
import { readPages, restOf } from '../service/pages.ts'
import type { Service } from '../service/service.ts'
import { type Schedule, statusOf, timingOf } from './body.ts'

interface Listed {
  json?: boolean
  watch?: boolean
  [filter: string]: string | number | boolean | undefined
}

const columns: Column<Schedule>[] = [
  { head: 'NAME', cell: ({ name }) => name, isLong: true, least: 24 },
  { head: 'STATUS', cell: statusOf, isStatus: true },
  { head: 'WHEN', cell: timingOf, extra: 2, isLong: true },
  { head: 'NEXT', cell: ({ next_run_at }) => ago(next_run_at), extra: 1 },
  { head: 'KIND', cell: ({ task }) => task, extra: 3, isLong: true },
  { head: 'LAST', cell: ({ last_run_at }) => ago(last_run_at), extra: 4 },
  { head: 'RUNS', cell: ({ total_run_count }) => total_run_count, extra: 5, isNumber: true },
  { head: 'SKIPPED', cell: ({ total_skipped }) => total_skipped, extra: 6, isNumber: true }
]

export async function listSchedules(service: Service, { json, watch, ...filters }: Listed) {
  await showList({
    json,
    watch,
    read: () => readPages<Schedule>(service, 'api/schedules', filters),
    text: ({ items }, width) => table(columns, items, width),
    rest: restOf
  })
}
