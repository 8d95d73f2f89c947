import { CompiledQuery } from 'kysely'
import type { Pool } from 'pg'
import type { InTransaction } from '#database/connect.ts'
import type { PrintSet } from '../make/print-set.ts'
import type { Handed } from './film-plan.ts'
import type { PartMade } from './make-part.ts'

export const beginPartsSql = `
select darkroom.begin_parts($1, $2, $3, $4, $5, $6, $7, $8) as attempt`

interface Beginning {
  video: string
  task: string
  attempt: number
  worker: string
}

/** Writes the plan of a film, submits its first parts, and answers the attempt whose folder they work in. */
export async function beginParts(trx: InTransaction, { video, task, attempt, worker }: Beginning, handed: Handed) {
  const { plan, seconds, frames, sound } = handed
  const values = [task, video, attempt, worker, plan, seconds, frames, sound]
  const { rows } = await trx.executeQuery<{ attempt: number }>(CompiledQuery.raw(beginPartsSql, values))
  return rows[0]!.attempt
}

export const endPartSql = `
select darkroom.end_part($1, $2, $3, $4)`

export async function endPart(trx: InTransaction, part: string, result: PartMade): Promise<undefined> {
  const values =
    'alone' in result ? [part, null, null, result.alone] : [part, result.made, JSON.stringify(result.rungs), null]
  await trx.executeQuery(CompiledQuery.raw(endPartSql, values))
}

export const endJoinSql = `
select task_id, attempt from darkroom.end_join($1, $2)`

/** Ends the film's own task. Undefined where this part is not to end it. */
export async function endJoin(trx: InTransaction, part: string, set: PrintSet) {
  const query = CompiledQuery.raw(endJoinSql, [part, JSON.stringify(set)])
  return (await trx.executeQuery<{ task_id: string; attempt: number }>(query)).rows[0]
}

export const carryProgressSql = `
select film_progress as id from darkroom.film_progress($1)`

/** Carries the progress of parts over to the tasks of their films, and answers the ids of those. */
export async function carryProgress(pool: Pool, parts: string[]) {
  const { rows } = await pool.query<{ id: string }>(carryProgressSql, [parts])
  return rows.map(({ id }) => id)
}

/** Plans whose task has ended a day ago without prints, or is forgotten: `sweep` removes their files. */
export const forgetPlansSql = `
delete from darkroom.film_plans p
where p.made_at < now() - interval '1 day' and not exists (
  select from darkroom.tasks t
  where t.id = p.task_id and (t.finished_at is null or t.finished_at > now() - interval '1 day')
)`

export async function forgetPlans(pool: Pool) {
  await pool.query(forgetPlansSql)
}
