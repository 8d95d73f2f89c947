import { onEach } from '../each.ts'
import type { Worker } from '../service/bodies.ts'
import { workerId } from '../service/find.ts'
import type { Service } from '../service/service.ts'

interface Given {
  json?: boolean
}

export function pauseWorkers(service: Service, words: string[], paused: boolean, { json }: Given) {
  return onEach(words, {
    json,
    act: async word =>
      service.request<Worker>('PATCH', `api/workers/${await workerId(service, word)}`, { body: { paused } }),
    text: ({ host, pid }) => `${host}:${pid} ${paused ? 'takes no more tasks' : 'takes tasks again'}`
  })
}

export function stopWorkers(service: Service, words: string[], { json, cold }: Given & { cold?: boolean }) {
  const body = { mode: cold ? 'cold' : 'warm' }
  return onEach(words, {
    json,
    act: async word =>
      service.request<Worker>('POST', `api/workers/${await workerId(service, word)}/shutdown`, { body }),
    text: ({ host, pid, running }) =>
      cold ? `${host}:${pid} ends now` : `${host}:${pid} ends after its running tasks: ${running.length}`
  })
}
