import type { TaskBody } from '#client/bodies.ts'
import { show } from '../screen/print.ts'
import { taskId } from '../service/find.ts'
import type { Service } from '../service/service.ts'
import { describeTask } from './describe.ts'

export async function showTask(service: Service, word: string, { json }: { json?: boolean }) {
  const task = await service.get<TaskBody>(`api/tasks/${encodeURIComponent(await taskId(service, word))}`)
  show(task, { json, text: () => describeTask(task) })
}
