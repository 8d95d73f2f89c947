import { CompiledQuery, sql } from 'kysely'
import type { Database } from '#database/connect.ts'

// A worker's stop waits for this write, and what it writes is not worth more.
const lockTimeout = '1s'

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

export async function writeLogs({ query }: Database, said: Said[]) {
  const values = [
    said.map(({ task }) => task),
    said.map(({ attempt }) => attempt),
    said.map(({ said }) => said),
    said.map(({ tail }) => tail)
  ]
  await query.transaction().execute(async trx => {
    await sql`set local lock_timeout = ${sql.lit(lockTimeout)}`.execute(trx)
    await trx.executeQuery(CompiledQuery.raw(writeLogsSql, values))
  })
}
