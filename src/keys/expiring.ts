import type { Pool } from 'pg'

export interface ExpiringKey {
  id: string
  name: string
  expires_at: Date
  last_used_at: Date | null
}

/** Those that end within two weeks and have no successor yet: time enough to give a client another one. */
export const findExpiringKeysSql = `
select id, name, expires_at, last_used_at from darkroom.api_keys
where revoked_at is null and replaced_by is null and expires_at between now() and now() + interval '14 days'
order by expires_at limit 100`

export async function findExpiringKeys(pool: Pool): Promise<ExpiringKey[]> {
  return (await pool.query<ExpiringKey>(findExpiringKeysSql)).rows
}
