import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago, long } from '../screen/times.ts'
import type { ProblemRecord } from '../service/bodies.ts'
import { readPages, restOf } from '../service/pages.ts'
import type { Service } from '../service/service.ts'
import { subjectText } from './list.ts'

interface Listed {
  json?: boolean
  watch?: boolean
  [filter: string]: string | number | boolean | undefined
}

const columns: Column<ProblemRecord>[] = [
  { head: 'STATE', cell: ({ state }) => state },
  { head: 'SEVERITY', cell: ({ severity }) => severity.toUpperCase(), isStatus: true },
  { head: 'CODE', cell: ({ code }) => code },
  { head: 'SUBJECT', cell: subjectText, extra: 2, isLong: true },
  { head: 'OPENED', cell: ({ opened_at }) => ago(opened_at), extra: 1 },
  { head: 'FOR', cell: ({ seconds }) => long(seconds), extra: 3 },
  { head: 'CAME BACK', cell: ({ flaps }) => flaps, extra: 5, isNumber: true },
  { head: 'TOLD', cell: ({ told_at }) => ago(told_at), extra: 6 },
  { head: 'SENTENCE', cell: ({ sentence }) => sentence, extra: 4, isLong: true }
]

export async function listHistory(service: Service, { json, watch, ...filters }: Listed) {
  await showList({
    json,
    watch,
    read: () => readPages<ProblemRecord>(service, 'api/problems/history', filters),
    text: ({ items }, width) => table(columns, items, width),
    rest: restOf
  })
}
