import { refuseBeyond } from '#access/limits.ts'
import type { Principal } from '#access/principal.ts'
import { refuseInternal } from '#tasks/internal.ts'
import type { TaskFinder } from '../finder.ts'

/** Looks at the task first, unless the principal may act on each of any kind. */
export async function mustSteer(find: TaskFinder, id: string, principal: Principal) {
  const { ownOnly, limits, scopes } = principal
  if (scopes.includes('admin') && !ownOnly && !limits?.kinds && !limits?.queues) return
  const { task, queue } = await find.task(id, principal)
  refuseInternal(task, principal)
  refuseBeyond(limits, { task, queue })
}
