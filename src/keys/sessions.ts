import { CompiledQuery } from 'kysely'
import type { Pool } from 'pg'
import { newToken } from '#access/token.ts'
import { type By, recordAct } from '#audit/record.ts'
import type { InTransaction } from '#database/connect.ts'
import { Unauthorized } from '#errors.ts'
import { sessionIdle, sessionLongest } from './queries.ts'

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

export const endSessionSql = `delete from darkroom.sessions where id = $1`

export async function endSession(trx: InTransaction, id: string, by: By) {
  await trx.executeQuery(CompiledQuery.raw(endSessionSql, [id]))
  await recordAct(trx, by, 'session.end', { type: 'session', id })
}
