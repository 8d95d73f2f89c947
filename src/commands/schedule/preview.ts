import { show, terminalWidth } from '../screen/print.ts'
import { type Column, table } from '../screen/table.ts'
import { ago } from '../screen/times.ts'
import type { Preview } from '../service/bodies.ts'
import type { Service } from '../service/service.ts'
import { pathOf } from './body.ts'

const columns: Column<Preview['items'][number]>[] = [
  { head: 'AT', cell: ({ at }) => at },
  { head: 'LOCAL', cell: ({ local }) => local, extra: 2 },
  { head: 'WHICH IS', cell: ({ at }) => ago(at), extra: 1 },
  { head: 'NOTE', cell: ({ note }) => note, extra: 3 }
]

export async function previewSchedule(
  service: Service,
  name: string,
  { json, count }: { json?: boolean; count?: number }
) {
  const preview = await service.get<Preview>(`${pathOf(name)}/preview`, { count })
  show(preview, { json, text: () => table(columns, preview.items, terminalWidth()) })
}
