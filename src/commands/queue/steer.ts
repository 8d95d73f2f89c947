import { onEach } from '../each.ts'
import { ago } from '../screen/times.ts'
import type { Queue } from '../service/bodies.ts'
import type { Service } from '../service/service.ts'

interface Paused {
  json?: boolean
  reason?: string
  until?: string
}

export const pathOf = (name: string) => `api/queues/${encodeURIComponent(name)}`

export function pauseQueues(service: Service, names: string[], { json, ...body }: Paused) {
  return onEach(names, {
    json,
    act: name => service.request<Queue>('POST', `${pathOf(name)}/pause`, { body }),
    text: ({ name, depth, until }) =>
      `${name} is paused${until ? `, resumes ${ago(until)}` : ''}; tasks that wait in it: ${depth}`
  })
}

export function resumeQueues(service: Service, names: string[], { json }: { json?: boolean }) {
  return onEach(names, {
    json,
    act: name => service.request<Queue>('POST', `${pathOf(name)}/resume`),
    text: ({ name, depth }) => `${name} is open; tasks that wait in it: ${depth}`
  })
}
