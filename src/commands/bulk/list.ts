import { exactCount as count } from '#dashboard/words/number.ts'
import { facts } from '../screen/facts.ts'
import { showList } from '../screen/list.ts'
import { show } from '../screen/print.ts'
import { type Column, table } from '../screen/table.ts'
import { ago } from '../screen/times.ts'
import type { BulkOperation } from '../service/bodies.ts'
import { readPages, restOf } from '../service/pages.ts'
import type { Service } from '../service/service.ts'
import { skippedText } from './describe.ts'

interface Listed {
  json?: boolean
  watch?: boolean
  limit?: number
  cursor?: string
}

const columns: Column<BulkOperation>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'ACTION', cell: ({ action }) => action },
  { head: 'STATUS', cell: ({ status }) => status },
  { head: 'DONE', cell: ({ done }) => count(done), isNumber: true, extra: 1 },
  { head: 'OF', cell: ({ expected, exact }) => `${exact ? '' : '≈ '}${count(expected)}`, isNumber: true, extra: 1 },
  { head: 'CREATED', cell: ({ created_at }) => ago(created_at), extra: 2 },
  { head: 'BY', cell: ({ created_by }) => created_by, extra: 3, isLong: true }
]

export async function listOperations(service: Service, { json, watch, ...query }: Listed) {
  await showList({
    json,
    watch,
    read: () => readPages<BulkOperation>(service, 'api/bulk-operations', query),
    text: ({ items }, width) => table(columns, items, width),
    rest: restOf
  })
}

export async function showOperation(service: Service, id: string, { json }: { json?: boolean }) {
  const operation = await service.get<BulkOperation>(`api/bulk-operations/${encodeURIComponent(id)}`)
  const { action, status, filter, queue, over, done, expected, exact, skipped } = operation
  const text = () =>
    facts([
      ['id', operation.id],
      ['action', action],
      ['state', status],
      ['filter', filter],
      ['queue', queue],
      ['over', over === null ? null : `${count(over)} s`],
      ['done', `${count(done)} of ${exact ? '' : 'about '}${count(expected)}`],
      ['left as they are', skippedText(skipped)],
      ['undo of', operation.undo_of],
      ['undone by', operation.undone_by],
      ['task', operation.task_id],
      ['by', operation.created_by],
      ['created', operation.created_at],
      ['finished', operation.finished_at]
    ])
  show(operation, { json, text })
}
