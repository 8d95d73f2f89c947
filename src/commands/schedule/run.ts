import { randomUUID } from 'node:crypto'
import { print, show } from '../screen/print.ts'
import type { Service } from '../service/service.ts'
import { waitForTask } from '../task/wait.ts'
import { pathOf } from './body.ts'

export async function runSchedule(service: Service, name: string, { json, wait }: { json?: boolean; wait?: boolean }) {
  // With a key the request may be repeated where the answer is lost.
  const ask = { headers: { 'idempotency-key': randomUUID() }, repeatable: true }
  const made = await service.patient<{ task_id: string }>('POST', `${pathOf(name)}/run`, ask)
  if (!wait) return show(made, { json, text: () => made.task_id })
  if (!json) print(made.task_id)
  return waitForTask(service, made.task_id, { json })
}
