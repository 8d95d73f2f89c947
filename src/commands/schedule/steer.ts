import { onEach } from '../each.ts'
import { ago } from '../screen/times.ts'
import type { Service } from '../service/service.ts'
import { pathOf, type Schedule } from './body.ts'

interface Given {
  json?: boolean
}

export function enableSchedules(service: Service, names: string[], enabled: boolean, { json }: Given) {
  return onEach(names, {
    json,
    act: name => service.request<Schedule>('PATCH', pathOf(name), { body: { enabled } }),
    text: ({ name, next_run_at: next }) =>
      `${name} is ${enabled ? `enabled, next ${ago(next) ?? 'never'}` : 'disabled'}`
  })
}

export function removeSchedules(service: Service, names: string[], { json }: Given) {
  return onEach(names, {
    json,
    act: async name => {
      await service.request('DELETE', pathOf(name))
      return { removed: name }
    },
    text: ({ removed }) => `${removed} is removed`
  })
}
