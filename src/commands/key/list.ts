import type { Config } from '#config.ts'
import { listKeys } from '#keys/acts.ts'
import type { KeyBody } from '#keys/schemas.ts'
import { show, terminalWidth } from '../screen/print.ts'
import { type Column, table } from '../screen/table.ts'
import { withKeys } from './with-keys.ts'

const minutes = (time: Date | null) => time?.toISOString().slice(0, 16) ?? '-'

const columns: Column<KeyBody>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'STATUS', cell: ({ status }) => status, isStatus: true },
  { head: 'NAME', cell: ({ name }) => name, isLong: true, least: 12 },
  { head: 'SCOPES', cell: ({ scopes }) => scopes.join(','), isLong: true, least: 12 },
  { head: 'CREATED', cell: ({ created_at }) => minutes(created_at), extra: 2 },
  { head: 'EXPIRES', cell: ({ expires_at }) => minutes(expires_at), extra: 1 },
  { head: 'LAST USED', cell: ({ last_used_at }) => minutes(last_used_at), extra: 3 }
]

const most = 1_000

export function listAll(config: Config, { json }: { json?: boolean }) {
  return withKeys(config, { mayCreate: false }, async ({ query }) => {
    const items = await listKeys(query, most)
    show(json ? { items } : items, { json, text: () => table(columns, items, terminalWidth()) })
  })
}
