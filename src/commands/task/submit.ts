import { randomUUID } from 'node:crypto'
import type { TaskBody } from '#client/bodies.ts'
import { print, show } from '../screen/print.ts'
import { webhookId } from '../service/find.ts'
import type { Service } from '../service/service.ts'
import { waitForTask } from './wait.ts'

interface Submitted {
  json?: boolean
  wait?: boolean
  webhook?: string
  idempotency_key?: string
  [field: string]: unknown
}

export async function submitTask(service: Service, kind: string, given: Submitted) {
  const { json, wait, webhook, idempotency_key: key = randomUUID(), ...fields } = given
  const body = { task: kind, ...fields, ...(webhook && { webhook: await webhookId(service, webhook) }) }
  // With a key the request may be repeated where the answer is lost.
  const task = await service.patient<TaskBody>('POST', 'api/tasks', {
    body,
    headers: { 'idempotency-key': key },
    repeatable: true
  })
  if (wait) {
    if (!json) print(task.id)
    return waitForTask(service, task.id, { json })
  }
  show(task, { json, text: () => task.id })
}
