import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago } from '../screen/times.ts'
import type { Problem } from '../service/bodies.ts'
import { readAll } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

export const subjectText = ({ subject }: Pick<Problem, 'subject'>) => `${subject.type}:${subject.id}`

const columns: Column<Problem>[] = [
  { head: 'SEVERITY', cell: ({ severity }) => severity.toUpperCase(), isStatus: true },
  { head: 'CODE', cell: ({ code }) => code },
  { head: 'SUBJECT', cell: subjectText, extra: 2, isLong: true },
  { head: 'SINCE', cell: ({ since }) => ago(since), extra: 1 },
  { head: 'SILENT UNTIL', cell: ({ silenced_until }) => ago(silenced_until), extra: 3 },
  { head: 'SENTENCE', cell: ({ sentence }) => sentence, isLong: true }
]

/** Answers 1 where something is critical, for scripts; what is silenced is known. */
export async function listProblems(service: Service, { json, watch }: { json?: boolean; watch?: boolean }) {
  let isCritical = false
  await showList({
    json,
    watch,
    read: async () => {
      const body = await readAll<Problem>(service, 'api/problems')
      isCritical = body.items.some(({ severity, silenced_until }) => severity === 'critical' && silenced_until === null)
      return body
    },
    text: ({ items }, width) => (items.length === 0 ? 'All is well.' : table(columns, items, width))
  })
  return isCritical ? 1 : 0
}
