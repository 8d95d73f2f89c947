import type { Pool } from 'pg'

/** Seconds after the time of the next look, after which another process takes over. */
const patience = 15

/** The process that has looked last goes on; null rows where it is not this one's turn. */
export const takeProblemTurnSql = `
update darkroom.problem_turn set looker = $1, next_look_at = now() + interval '10 s'
where one and ((looker = $1 and next_look_at <= now()) or next_look_at < now() - interval '${patience} s')
returning now() as now`

/** In the transaction that writes what was found: none where another process has taken over meanwhile. */
export const keepProblemTurnSql = `
update darkroom.problem_turn set next_look_at = now() + $2::float8 * interval '1 s'
where one and looker = $1 returning now() as now`

/** Another process need not wait. */
export const leaveProblemTurnSql = `
update darkroom.problem_turn set next_look_at = '-infinity' where one and looker = $1`

export async function takeTurn(pool: Pool, looker: string): Promise<boolean> {
  return (await pool.query(takeProblemTurnSql, [looker])).rowCount === 1
}

export async function leaveTurn(pool: Pool, looker: string): Promise<void> {
  await pool.query(leaveProblemTurnSql, [looker])
}
