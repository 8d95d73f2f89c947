import type { VideoBody } from '#client/bodies.ts'
import { bytesText, percentText } from '#dashboard/words/number.ts'
import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago } from '../screen/times.ts'
import { readPages, restOf } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

interface Listed {
  json?: boolean
  watch?: boolean
  [filter: string]: string | number | boolean | undefined
}

const columns: Column<VideoBody>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'STATUS', cell: ({ status }) => status, isStatus: true },
  { head: 'DONE', cell: ({ progress }) => progress !== null && percentText(progress), extra: 2, isNumber: true },
  { head: 'FILE', cell: ({ filename }) => filename, extra: 1, isLong: true },
  { head: 'SIZE', cell: ({ bytes }) => bytesText(bytes), extra: 4, isNumber: true },
  { head: 'UPLOADED', cell: ({ created_at }) => ago(created_at), extra: 3 },
  { head: 'PRINTS', cell: ({ renditions }) => printsOf(renditions), extra: 6, isLong: true },
  { head: 'ERROR', cell: ({ error }) => error?.message, extra: 5, isLong: true }
]

export async function listVideos(service: Service, { json, watch, ...filters }: Listed) {
  await showList({
    json,
    watch,
    read: () => readPages<VideoBody>(service, 'api/videos', filters),
    text: ({ items }, width) => table(columns, items, width),
    rest: restOf
  })
}

function printsOf(renditions: VideoBody['renditions'] | undefined) {
  return renditions?.filter(({ status }) => status === 'ready').map(({ name }) => name)
}
