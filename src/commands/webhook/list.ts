import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago } from '../screen/times.ts'
import type { Webhook } from '../service/bodies.ts'
import { readPages, restOf } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

interface Listed {
  json?: boolean
  watch?: boolean
  [filter: string]: string | number | boolean | undefined
}

const columns: Column<Webhook>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'STATUS', cell: statusOf, isStatus: true },
  { head: 'URL', cell: ({ url }) => url, extra: 1, isLong: true },
  { head: 'TYPES', cell: ({ types }) => types, extra: 2, isLong: true },
  { head: 'FAILURES', cell: ({ failures }) => failures, extra: 3, isNumber: true },
  { head: 'FAILING', cell: ({ failing_since }) => ago(failing_since), extra: 4 }
]

export async function listWebhooks(service: Service, { json, watch, ...paging }: Listed) {
  await showList({
    json,
    watch,
    read: () => readPages<Webhook>(service, 'api/webhooks', paging),
    text: ({ items }, width) => table(columns, items, width),
    rest: restOf
  })
}

export function statusOf({ enabled, disabled_reason: reason }: Webhook): string {
  if (enabled) return 'enabled'
  return reason === null || reason === 'request' ? 'disabled' : `disabled: ${reason}`
}
