import { showList } from '../screen/list.ts'
import { show } from '../screen/print.ts'
import { type Column, table } from '../screen/table.ts'
import { harmless } from '../screen/text.ts'
import { ago } from '../screen/times.ts'
import type { ErrorGroup, FailedTask } from '../service/bodies.ts'
import { readPages } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

interface Listed {
  json?: boolean
  watch?: boolean
  [filter: string]: string | number | boolean | undefined
}

const groups: Column<ErrorGroup>[] = [
  { head: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint, extra: 4 },
  { head: 'COUNT', cell: ({ count }) => count, isNumber: true },
  { head: 'KIND', cell: ({ task }) => task, isLong: true },
  { head: 'LAST', cell: ({ last_at }) => ago(last_at), extra: 1 },
  { head: 'FIRST', cell: ({ first_at }) => ago(first_at), extra: 3 },
  { head: 'SAMPLE', cell: ({ sample }) => sample, extra: 5 },
  { head: 'TYPE', cell: ({ type }) => type, extra: 2 },
  { head: 'MESSAGE', cell: ({ message }) => message, isLong: true }
]

const tasks: Column<FailedTask>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'FAILED', cell: ({ finished_at }) => ago(finished_at), extra: 1 },
  { head: 'QUEUE', cell: ({ queue }) => queue, extra: 3 },
  { head: 'TRIES', cell: ({ attempts }) => attempts, extra: 4, isNumber: true },
  { head: 'MESSAGE', cell: ({ message }) => message, extra: 2, isLong: true }
]

export async function listErrors(service: Service, { json, watch, limit = 100, ...filters }: Listed) {
  await showList({
    json,
    watch,
    read: () => readPages<ErrorGroup>(service, 'api/errors', { ...filters, limit }),
    text: ({ items }, width) => (items.length === 0 ? 'No task has failed.' : table(groups, items, width))
  })
}

export async function showError(service: Service, fingerprint: string, { json, watch: _, ...query }: Listed) {
  const path = `api/errors/${encodeURIComponent(fingerprint)}`
  const texts = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]))
  const group = await service.get<ErrorGroup & { tasks: FailedTask[] }>(path, texts)
  show(group, {
    json,
    text: () =>
      `${harmless(`${group.task}: ${group.type ?? 'Error'}\n${group.message ?? ''}`)}\n\n${table(tasks, group.tasks)}`
  })
}
