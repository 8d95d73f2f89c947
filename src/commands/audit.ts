import { showList } from './screen/list.ts'
import { type Column, table } from './screen/table.ts'
import { ago } from './screen/times.ts'
import type { AuditLine } from './service/bodies.ts'
import { readPages, restOf } from './service/pages.ts'
import type { Service } from './service/service.ts'

interface Listed {
  json?: boolean
  watch?: boolean
  [filter: string]: string | number | boolean | undefined
}

const columns: Column<AuditLine>[] = [
  { head: 'AT', cell: ({ at }) => ago(at) },
  { head: 'ACTOR', cell: ({ actor: { kind, name } }) => (name === null ? kind : `${kind} ${name}`), extra: 1 },
  { head: 'ACTION', cell: ({ action }) => action },
  {
    head: 'TARGET',
    cell: ({ target: { type, id } }) => (id === null ? type : `${type} ${id}`),
    extra: 2,
    isLong: true
  },
  { head: 'OUTCOME', cell: ({ outcome }) => outcome, extra: 3 },
  { head: 'FROM', cell: ({ ip }) => ip, extra: 4 },
  { head: 'DETAIL', cell: ({ detail }) => detailText(detail), extra: 5, isLong: true },
  { head: 'REQUEST', cell: ({ request_id }) => request_id, extra: 6 }
]

/** Who did what, newest first. */
export async function listAudit(service: Service, { json, watch, ...filters }: Listed) {
  await showList({
    json,
    watch,
    read: () => readPages<AuditLine>(service, 'api/audit', filters),
    text: ({ items }, width) => table(columns, items, width),
    rest: restOf
  })
}

function detailText(detail: object) {
  return Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ')
}
