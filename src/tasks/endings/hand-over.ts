import { CompiledQuery } from 'kysely'
import type { InTransaction } from '#database/connect.ts'
import { lockAttempts } from '../attempts/lock.ts'
import type { Ending, Settled } from './ending.ts'

/**
 * Lets go of a task whose attempt has ended well and which goes on in other tasks: it stays started, as its job stays
 * active, and no worker holds it. What ends it writes the attempt, too. A second time it changes nothing: the answer to
 * the first commit may have been lost.
 */
export const handOverSql = `
update darkroom.tasks t set worker = null, started_at = least(now(), greatest(t.created_at, t.started_at, $3::timestamptz))
where t.id = any(array[$1::uuid]) and (t.worker = $2::uuid or t.worker is null) and t.attempts = $4
  and (t.state = 'STARTED') is true
returning t.id, t.task, t.queue, t.state`

export async function handOver(trx: InTransaction, ending: Ending): Promise<Settled | undefined> {
  const [ours] = await lockAttempts(trx, [ending])
  if (!ours) return undefined
  const values = [ending.id, ending.worker, ending.started_at, ending.attempt]
  const { rows } = await trx.executeQuery<Settled>(CompiledQuery.raw(handOverSql, values))
  return rows[0]
}
