import { CompiledQuery } from 'kysely'
import { beyond } from '#access/limits.ts'
import type { Principal } from '#access/principal.ts'
import type { InTransaction } from '#database/connect.ts'

/** Submissions of a key take turns, so that its number of open tasks is exact. */
export const takeTurnSql = `select pg_advisory_xact_lock(hashtextextended('darkroom key ' || $1, 0))`

/** Open tasks of a key, up to a number. */
export const countOpenSql = `
select count(*)::int as count from (
  select from darkroom.tasks where owner = $1 and finished_at is null limit $2
) open`

/** Refuses tasks beyond the number that the key may have open, in the transaction that writes them. */
export async function mustHaveRoom(trx: InTransaction, { limits, owner }: Principal, tasks: number) {
  const most = limits?.max_pending
  if (most === undefined) return
  await trx.executeQuery(CompiledQuery.raw(takeTurnSql, [owner]))
  const { rows } = await trx.executeQuery<{ count: number }>(CompiledQuery.raw(countOpenSql, [owner, most + 1]))
  if (rows[0]!.count + tasks > most) throw beyond('max_pending', `at most ${most} unfinished tasks`)
}
