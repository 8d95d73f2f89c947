import type { Pool } from 'pg'

// Sorted, so that processes that start together lock the rows in one order.
export const publishRungsSql = `
with gone as (
  delete from darkroom.rungs where name <> all($1)
)
insert into darkroom.rungs (name)
select name from unnest($1::text[]) wanted (name)
order by name
on conflict do nothing`

/** Makes RUNGS known to the views, which name the prints that a film is going to get. */
export async function publishRungs(pool: Pool, rungs: string[]) {
  await pool.query(publishRungsSql, [rungs])
}
