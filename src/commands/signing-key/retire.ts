import { onEach } from '../each.ts'
import type { Service } from '../service/service.ts'

export function retireSigningKeys(service: Service, kids: string[], { json }: { json?: boolean }) {
  return onEach(kids, {
    json,
    act: async kid => {
      await service.request('DELETE', `api/signing-keys/${encodeURIComponent(kid)}`)
      return { retired: kid }
    },
    text: ({ retired }) => `${retired} is retired: no link that it has signed is valid any more`
  })
}
