import type { Pool } from 'pg'
import type { KeyLimits } from '#access/limits.ts'
import type { Scope } from '#access/scopes.ts'

export interface KeyRow {
  id: string
  name: string
  family: string
  scopes: Scope[]
  limits: KeyLimits
  /** Of the token: of the key, or of a session of it. */
  hash: Buffer
  /** Null: it does not end by itself. */
  seconds_left: number | null
  is_revoked: boolean
}

/** `application_name` of the connection of an API that listens. */
export const earsName = 'darkroom api ears'

/** Seconds that a session lasts: without a request, and in any case. */
export const sessionIdle = 12 * 3600
export const sessionLongest = 7 * 86_400

export const findKeySql = `
select id, name, family, scopes, limits, hash, extract(epoch from expires_at - now())::float8 as seconds_left,
  revoked_at is not null as is_revoked
from darkroom.api_keys
where id = $1`

export const findSessionSql = `
select k.id, k.name, k.family, k.scopes, k.limits, s.hash,
  extract(epoch from least(k.expires_at, s.expires_at, s.seen_at + ${sessionIdle} * interval '1 second') - now())::float8
    as seconds_left,
  k.revoked_at is not null as is_revoked
from darkroom.sessions s join darkroom.api_keys k on k.id = s.key_id
where s.id = $1`

export async function findToken(pool: Pool, kind: 'k' | 's', id: string): Promise<KeyRow | undefined> {
  const text = kind === 'k' ? findKeySql : findSessionSql
  const { rows } = await pool.query<KeyRow>({ name: `find ${kind}`, text, values: [id] })
  return rows[0]
}

/** Which of these keys and sessions still open the door. */
export const stillActiveSql = `
select id from darkroom.api_keys
where id = any($1::text[]) and revoked_at is null and (expires_at is null or expires_at > now())
union all
select s.id
from unnest($2::text[]) asked (id)
join darkroom.sessions s on s.id = asked.id
where s.expires_at > now() and s.seen_at > now() - ${sessionIdle} * interval '1 second'`

export async function stillActive(pool: Pool, keys: string[], sessions: string[]): Promise<Set<string>> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'still active',
    text: stillActiveSql,
    values: [keys, sessions]
  })
  return new Set(rows.map(({ id }) => id))
}

/** Whether there is a key at all, and one that opens the door. */
export const countKeysSql = `
select exists (select from darkroom.api_keys) as some,
  exists (
    select from darkroom.api_keys where revoked_at is null and (expires_at is null or expires_at > now())
  ) as active`

export async function countKeys(pool: Pool) {
  const { rows } = await pool.query<{ some: boolean; active: boolean }>(countKeysSql)
  return rows[0]!
}

/** APIs on this database, by the connection with which each listens: it ends with its process. */
export const countApisSql = `
select greatest(1, count(*))::int as apis from pg_stat_activity
where datname = current_database() and application_name = '${earsName}'`

export async function countApis(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ apis: number }>(countApisSql)
  return rows[0]!.apis
}

/** To the minute, and gathered: no request waits for it. */
export const noteUseSql = `
with key as (
  update darkroom.api_keys set last_used_at = now()
  where id = any($1::text[]) and (last_used_at is null or last_used_at < now() - interval '30 seconds')
)
update darkroom.sessions set seen_at = now() where id = any($2::text[])`
