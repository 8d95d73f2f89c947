import { onEach } from '../each.ts'
import type { Service } from '../service/service.ts'

export function endSessions(service: Service, ids: string[], { json }: { json?: boolean }) {
  return onEach(ids, {
    json,
    act: async id => {
      await service.request('DELETE', `api/sessions/${encodeURIComponent(id)}`)
      return { ended: id }
    },
    text: ({ ended }) => `${ended} is signed out`
  })
}
