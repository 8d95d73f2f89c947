import type { Database } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import { isUuid } from '#schema/common.ts'
import { isFinal } from '#tasks/words.ts'
import { tailLength } from './tail.ts'

// Of a task that is retried for ever.
const mostAttempts = 50

/** What the attempts of a task have said, the newest ones; a task without any is one row of nulls. */
export const readLogSql = `
select t.state, a.number as attempt, a.is_over, a.tail, l.said, l.tail as live
from darkroom.tasks t
left join lateral (
  (
    select number, true as is_over, stderr as tail from darkroom.attempts
    where task_id = t.id and ($2::int is null or number = $2) and number >= $3
    order by number desc limit ${mostAttempts}
  )
  union all
  select t.attempts, false, null
  where t.state = 'STARTED' and ($2::int is null or t.attempts = $2) and t.attempts >= $3
) a on true
left join darkroom.attempt_logs l on l.task_id = t.id and l.attempt = a.number
where t.id = $1
order by a.number`

interface Row {
  state: State
  attempt: number | null
  is_over: boolean
  tail: string | null
  said: number | null
  live: string | null
}

export interface AttemptLog {
  attempt: number
  /** Number of characters before the text, which are not kept any more; null where that is not known. */
  from: number | null
  text: string
  ended: boolean
}

interface Read extends AttemptLog {
  /** Its last lines are still to be written. */
  isBehind: boolean
}

export interface TaskLog {
  items: Read[]
  /** No attempt follows. */
  final: boolean
}

export interface Wanted {
  attempt?: number | undefined
  /** None before this one. */
  since?: number
}

/** Undefined where there is no such task. */
export async function readLog(
  { pool }: Database,
  id: string,
  { attempt, since = 0 }: Wanted
): Promise<TaskLog | undefined> {
  if (!isUuid(id)) return undefined
  const values = [id, attempt ?? null, since]
  const { rows } = await pool.query<Row>({ name: 'read log', text: readLogSql, values })
  if (rows.length === 0) return undefined
  return { items: rows.filter(({ attempt }) => attempt !== null).map(logOf), final: isFinal(rows[0]!.state) }
}

/** The end of an attempt is in its row. One whose worker was killed has left no more than it wrote last. */
function logOf({ attempt, is_over, tail, said, live }: Row): Read {
  const text = tail ?? live ?? ''
  const isWhole = said === null ? text.length < tailLength : said <= text.length
  return {
    attempt: attempt!,
    from: isWhole ? 0 : said === null ? null : said - text.length,
    text,
    ended: is_over,
    isBehind: tail !== null && live !== null && live !== tail
  }
}
