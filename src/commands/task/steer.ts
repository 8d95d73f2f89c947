import type { TaskBody } from '#client/bodies.ts'
import { onEach } from '../each.ts'
import { taskId } from '../service/find.ts'
import type { Service } from '../service/service.ts'

/** With `wait` (seconds) the answer comes once the processes are gone. */
export function cancelTasks(service: Service, words: string[], { json, wait }: { json?: boolean; wait?: number }) {
  // Beyond the wait, for the answer.
  const ask = { query: { wait }, timeout: (wait ?? 0) + 60 }
  return onEach(words, {
    json,
    act: async word => service.request<TaskBody>('POST', `api/tasks/${await taskId(service, word)}/cancel`, ask),
    text: ({ id, status }) => (status === 'CANCELLED' ? `${id} is cancelled` : `${id} is being stopped`)
  })
}

export function retryTasks(service: Service, words: string[], { json }: { json?: boolean }) {
  return onEach(words, {
    json,
    act: async word => service.request<TaskBody>('POST', `api/tasks/${await taskId(service, word)}/retry`),
    text: ({ id, status }) => `${id} is tried again: ${status}`
  })
}
