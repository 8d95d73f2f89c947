import type { Pool } from 'pg'
import { printNames } from '#media/plan/codecs.ts'

// Sorted, so that processes that start together lock the rows in one order.
export const publishRungsSql = `
with gone as (
  delete from darkroom.rungs where name <> all($1)
)
insert into darkroom.rungs (name)
select name from unnest($1::text[]) wanted (name)
order by name
on conflict do nothing`

/** Makes RUNGS and CODECS known to the views, which name the prints that a film is going to get. */
export async function publishRungs(pool: Pool, { RUNGS, CODECS }: { RUNGS: string[]; CODECS: string[] }) {
  await pool.query(publishRungsSql, [printNames(RUNGS, CODECS)])
}
