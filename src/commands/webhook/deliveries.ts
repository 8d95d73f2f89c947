import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago } from '../screen/times.ts'
import type { Delivery } from '../service/bodies.ts'
import { webhookId } from '../service/find.ts'
import { readPages, restOf } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

interface Listed {
  json?: boolean
  watch?: boolean
  [filter: string]: string | number | boolean | undefined
}

const columns: Column<Delivery>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'STATUS', cell: ({ status }) => status, isStatus: true },
  { head: 'TYPE', cell: ({ type }) => type, extra: 1 },
  { head: 'CREATED', cell: ({ created_at }) => ago(created_at), extra: 2 },
  { head: 'TRIES', cell: ({ attempts }) => attempts.length, extra: 5, isNumber: true },
  { head: 'ANSWER', cell: ({ attempts: [last] }) => last?.error ?? last?.status, extra: 3, isLong: true },
  { head: 'NEXT', cell: ({ next_at }) => ago(next_at), extra: 4 },
  { head: 'ABOUT', cell: ({ task_id, video_id }) => task_id ?? video_id, extra: 6 }
]

export async function listDeliveries(service: Service, word: string, { json, watch, ...filters }: Listed) {
  const path = `api/webhooks/${await webhookId(service, word)}/deliveries`
  await showList({
    json,
    watch,
    read: () => readPages<Delivery>(service, path, filters),
    text: ({ items }, width) => table(columns, items, width),
    rest: restOf
  })
}
