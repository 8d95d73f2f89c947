import type { TaskBody } from '#client/bodies.ts'
import { actOnMany } from '../bulk/act.ts'
import type { Where } from '../bulk/where.ts'
import { onEach } from '../each.ts'
import { WrongUse } from '../failures.ts'
import { taskId } from '../service/find.ts'
import type { Service } from '../service/service.ts'

interface Steering {
  json?: boolean
  yes?: boolean
  where?: Where
}

/** With `wait` (seconds) the answer comes once the processes are gone. */
export function cancelTasks(service: Service, words: string[], values: Steering & { wait?: number }) {
  const { wait } = values
  if (isOfMany(words, values)) return actOnMany(service, { action: 'cancel' }, values)
  // Beyond the wait, for the answer.
  const ask = { query: { wait }, timeout: (wait ?? 0) + 60 }
  return onEach(words, {
    json: values.json,
    act: async word => service.request<TaskBody>('POST', `api/tasks/${await taskId(service, word)}/cancel`, ask),
    text: ({ id, status }) => (status === 'CANCELLED' ? `${id} is cancelled` : `${id} is being stopped`)
  })
}

export function retryTasks(service: Service, words: string[], values: Steering & { over?: number }) {
  const { json, over } = values
  if (isOfMany(words, values)) return actOnMany(service, { action: 'retry', over }, values)
  if (over !== undefined) throw new WrongUse('--over is for --where alone')
  return onEach(words, {
    json,
    act: async word => service.request<TaskBody>('POST', `api/tasks/${await taskId(service, word)}/retry`),
    text: ({ id, status }) => `${id} is tried again: ${status}`
  })
}

export function forgetTasks(service: Service, words: string[], values: Steering) {
  if (isOfMany(words, values)) return actOnMany(service, { action: 'forget' }, values)
  return onEach(words, {
    json: values.json,
    act: async word => {
      const id = await taskId(service, word)
      await service.request('DELETE', `api/tasks/${id}`)
      return { id, forgotten: true }
    },
    text: ({ id }) => `${id} is forgotten`
  })
}

export function moveTasks(service: Service, words: string[], values: Steering & { queue?: string }) {
  const { json, queue } = values
  if (queue === undefined) throw new WrongUse('Missing --queue: the queue to move to')
  if (isOfMany(words, values)) return actOnMany(service, { action: 'move', queue }, values)
  return onEach(words, {
    json,
    act: async word =>
      service.request<TaskBody>('PATCH', `api/tasks/${await taskId(service, word)}`, { body: { queue } }),
    text: task => `${task.id} is in the queue ${task.queue}`
  })
}

/** Either tasks are named, or what they have in common. */
function isOfMany(words: string[], { where, yes }: Steering): boolean {
  if (where && words.length > 0) throw new WrongUse('Either tasks, or --where: not both')
  if (!where && words.length === 0) throw new WrongUse('Missing TASK: name tasks, or which with --where')
  if (!where && yes) throw new WrongUse('--yes is for --where alone')
  return where !== undefined
}
