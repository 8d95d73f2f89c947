import type { Pool } from 'pg'
import type { AttemptKey } from './lock.ts'

export const findLockedSql = `
with attempt as materialized (
  select * from jsonb_to_recordset($1::jsonb) as attempt (id uuid, queue text)
), job as materialized (
  select j.id from attempt join pgboss.job j on j.name = attempt.queue and j.id = attempt.id for update of j skip locked
), task as materialized (
  select t.id from attempt join darkroom.tasks t on t.id = any(array[attempt.id]) for update of t skip locked
)
select id from attempt
where id not in (select id from job) and exists (
  select from pgboss.job j where j.name = attempt.queue and j.id = attempt.id
) or id not in (select id from task) and exists (
  select from darkroom.tasks t where t.id = any(array[attempt.id])
)`

/** The ids of attempts whose job or task another transaction has locked at this moment, such as an open psql session. */
export async function findLocked(pool: Pool, attempts: AttemptKey[]): Promise<Set<string>> {
  const keys = attempts.map(({ id, queue }) => ({ id, queue }))
  const { rows } = await pool.query<{ id: string }>(findLockedSql, [JSON.stringify(keys)])
  return new Set(rows.map(({ id }) => id))
}
