import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago } from '../screen/times.ts'
import { readAll } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

export interface SigningKey {
  kid: string
  name: string
  created_at: string
  retired_at: string | null
}

const columns: Column<SigningKey>[] = [
  { head: 'ID', cell: ({ kid }) => kid },
  { head: 'STATUS', cell: ({ retired_at }) => (retired_at === null ? 'active' : 'retired'), isStatus: true },
  { head: 'NAME', cell: ({ name }) => name, isLong: true },
  { head: 'CREATED', cell: ({ created_at }) => ago(created_at), extra: 1 },
  { head: 'RETIRED', cell: ({ retired_at }) => ago(retired_at), extra: 2 }
]

export async function listSigningKeys(service: Service, { json, watch }: { json?: boolean; watch?: boolean }) {
  await showList({
    json,
    watch,
    read: () => readAll<SigningKey>(service, 'api/signing-keys'),
    text: ({ items }, width) => table(columns, items, width)
  })
}
