import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago } from '../screen/times.ts'
import type { Session } from '../service/bodies.ts'
import type { Page } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

interface Listed {
  json?: boolean
  watch?: boolean
  key_id?: string
  limit?: number
}

const columns: Column<Session>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'KEY', cell: ({ key }) => key.name },
  { head: 'FROM', cell: ({ address }) => address, extra: 1 },
  { head: 'USED', cell: ({ seen_at }) => ago(seen_at), extra: 2 },
  { head: 'OPENED', cell: ({ created_at }) => ago(created_at), extra: 3 },
  { head: 'ENDS', cell: ({ expires_at }) => ago(expires_at), extra: 4 },
  { head: 'BROWSER', cell: ({ agent }) => agent, extra: 5, isLong: true }
]

export async function listSessions(service: Service, { json, watch, ...filters }: Listed) {
  await showList({
    json,
    watch,
    read: () => service.get<Page<Session>>('api/sessions', filters),
    text: ({ items }, width) => table(columns, items, width)
  })
}
