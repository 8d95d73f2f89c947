import { CompiledQuery, sql } from 'kysely'
import type { Pool } from 'pg'
import { newToken } from '#access/token.ts'
import { type By, recordAct } from '#audit/record.ts'
import type { InTransaction, Queries } from '#database/connect.ts'
import { Unauthorized } from '#errors.ts'
import { sessionIdle, sessionLongest } from '../queries.ts'
import type { OpenSession, SessionFilters } from './schemas.ts'

/** Also removes those that have ended. */
export const openSessionSql = `
with gone as (delete from darkroom.sessions where expires_at < now())
insert into darkroom.sessions (id, hash, key_id, expires_at, address, agent)
select $1, $2, id, now() + ${sessionLongest} * interval '1 second', $4, $5
from darkroom.api_keys where id = $3 and revoked_at is null
returning least(expires_at, seen_at + ${sessionIdle} * interval '1 second') as ends_at`

export async function openSession(trx: InTransaction, key: string, by: By, agent: string | undefined) {
  const token = newToken('s')
  const values = [token.id, token.hash, key, by.principal.address, agent?.slice(0, 300) ?? null]
  const { rows } = await trx.executeQuery<{ ends_at: Date }>(CompiledQuery.raw(openSessionSql, values))
  // The key was revoked a moment ago.
  if (!rows[0]) throw new Unauthorized()
  await recordAct(trx, by, 'session.open', { type: 'session', id: token.id }, { key })
  return { token, ends_at: rows[0].ends_at }
}

export const findSessionEndSql = `
select least(expires_at, seen_at + ${sessionIdle} * interval '1 second') as ends_at from darkroom.sessions where id = $1`

export async function endOfSession(pool: Pool, id: string) {
  const { rows } = await pool.query<{ ends_at: Date }>(findSessionEndSql, [id])
  return rows[0]?.ends_at
}

export const endSessionSql = `delete from darkroom.sessions where id = $1 returning id`

/** False where there is no such session. */
export async function endSession(trx: InTransaction, id: string, by: By): Promise<boolean> {
  const { rows } = await trx.executeQuery(CompiledQuery.raw(endSessionSql, [id]))
  if (rows.length === 0) return false
  await recordAct(trx, by, 'session.end', { type: 'session', id })
  return true
}

/** Those that open the door now. `mine` is the session that asks. */
export async function listSessions(
  query: Queries,
  { key_id, limit = 1000 }: SessionFilters,
  mine: string | undefined
): Promise<OpenSession[]> {
  const ends = sql<Date>`least(s.expires_at, s.seen_at + ${sessionIdle} * interval '1 second', k.expires_at)`
  const rows = await query
    .selectFrom('sessions as s')
    .innerJoin('api_keys as k', 'k.id', 's.key_id')
    .select(['s.id', 's.key_id', 'k.name', 's.created_at', 's.seen_at', 's.address', 's.agent', ends.as('expires_at')])
    .where(ends, '>', sql<Date>`now()`)
    .$if(key_id !== undefined, found => found.where('s.key_id', '=', key_id!))
    .orderBy('s.created_at', 'desc')
    .orderBy('s.id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ key_id, name, ...row }) => ({ ...row, key: { id: key_id, name }, mine: row.id === mine }))
}
