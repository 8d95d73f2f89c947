import type { TaskBody } from '#client/bodies.ts'
import { showList } from '../screen/list.ts'
import { type Column, table } from '../screen/table.ts'
import { ago, lasted } from '../screen/times.ts'
import { scheduleId, videoId, workerId } from '../service/find.ts'
import { readPages, restOf } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

interface Listed {
  json?: boolean
  watch?: boolean
  [filter: string]: string | number | boolean | undefined
}

const columns: Column<TaskBody>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'STATUS', cell: ({ status }) => status, isStatus: true },
  { head: 'KIND', cell: ({ task }) => task, extra: 1, isLong: true },
  { head: 'QUEUE', cell: ({ queue }) => queue, extra: 3, isLong: true },
  { head: 'CREATED', cell: ({ created_at }) => ago(created_at), extra: 2 },
  { head: 'RAN', cell: ({ started_at, finished_at }) => lasted(started_at, finished_at), extra: 5 },
  { head: 'TRIES', cell: ({ attempts }) => attempts, extra: 6, isNumber: true },
  { head: 'NAME OR ERROR', cell: ({ name, error }) => error?.message ?? name, extra: 4, isLong: true }
]

export async function listTasks(service: Service, { json, watch, ...given }: Listed) {
  const { worker, schedule_id: schedule, video_id: video } = given as Record<string, string | undefined>
  const query = {
    ...given,
    ...(worker && { worker: await workerId(service, worker) }),
    ...(schedule && { schedule_id: await scheduleId(service, schedule) }),
    ...(video && { video_id: await videoId(service, video) })
  }
  await showList({
    json,
    watch,
    read: () => readPages<TaskBody>(service, 'api/tasks', query),
    text: ({ items }, width) => table(columns, items, width),
    rest: restOf
  })
}
