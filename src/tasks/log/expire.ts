import type { Pool } from 'pg'
import { batchSize, type GoOn, inBatches } from '../upkeep/batches.ts'

/**
 * What running attempts said, an hour after their last word: its end is with the attempt by then. That of an attempt
 * whose worker was killed is nowhere else, and stays as long as its task.
 */
export const removeLogsSql = `
with old as (
  select l.task_id, l.attempt from darkroom.attempt_logs l
  left join darkroom.tasks t on t.id = l.task_id
  left join darkroom.attempts a on a.task_id = l.task_id and a.number = l.attempt
  where l.at < now() - interval '1 hour' and (t.id is null or a.stderr is not null)
  order by l.at limit ${batchSize} for update of l skip locked
)
delete from darkroom.attempt_logs l using old where l.task_id = old.task_id and l.attempt = old.attempt`

export function removeLogs(pool: Pool, goOn: GoOn) {
  return inBatches(goOn, async () => (await pool.query(removeLogsSql)).rowCount ?? 0)
}
