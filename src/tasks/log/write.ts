import type { Pool } from 'pg'

export interface Said {
  task: string
  attempt: number
  /** Characters in all, and the last of them. */
  said: number
  tail: string
}

export const writeLogsSql = `
insert into darkroom.attempt_logs as l (task_id, attempt, said, tail)
select * from unnest($1::uuid[], $2::int[], $3::bigint[], $4::text[])
on conflict (task_id, attempt) do update set said = excluded.said, tail = excluded.tail, at = excluded.at`

export async function writeLogs(pool: Pool, said: Said[]) {
  await pool.query({
    name: 'write logs',
    text: writeLogsSql,
    values: [
      said.map(({ task }) => task),
      said.map(({ attempt }) => attempt),
      said.map(({ said }) => said),
      said.map(({ tail }) => tail)
    ]
  })
}
