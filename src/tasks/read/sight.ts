import type { Pool } from 'pg'
import { maySee, type Principal } from '#access/principal.ts'
import { TaskNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'

export const findOwnerSql = `
select owner from darkroom.tasks where id = $1`

/** A task of another key does not exist for one that sees only its own. For all other keys this costs nothing. */
export async function mustSeeTask(pool: Pool, principal: Principal, id: string) {
  if (!principal.ownOnly || !isUuid(id)) return
  const { rows } = await pool.query<{ owner: string | null }>({ name: 'find owner', text: findOwnerSql, values: [id] })
  if (!rows[0] || !maySee(principal, rows[0].owner)) throw new TaskNotFound(id)
}
