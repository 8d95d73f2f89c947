import { plural } from '#dashboard/words/number.ts'
import { isConfirmed } from '../confirm.ts'
import { show } from '../screen/print.ts'
import type { Queue } from '../service/bodies.ts'
import { readAll } from '../service/pages.ts'
import type { Service } from '../service/service.ts'
import { pathOf } from './steer.ts'

/** Asks on a terminal. */
export async function purgeQueue(service: Service, name: string, { json, yes }: { json?: boolean; yes?: boolean }) {
  if (!yes && process.stdin.isTTY) {
    const { items } = await readAll<Queue>(service, 'api/queues')
    const depth = items.find(queue => queue.name === name)?.depth
    const question = `Revoke ${depth === undefined ? 'all' : `${depth} or more`} tasks that wait in "${name}"?`
    if (!(await isConfirmed(question))) throw new Error('Nothing was purged')
  }
  const purged = await service.request<{ name: string; purged: number }>('POST', `${pathOf(name)}/purge`, {
    timeout: 600
  })
  show(purged, { json, text: () => `Revoked ${plural(purged.purged, 'task')} of ${purged.name}` })
}
