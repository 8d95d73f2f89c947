import type { Database } from '#database/connect.ts'
import type { State, TaskError } from '#database/tables.ts'
import { shownColumns } from '#tasks/columns.ts'
import { present, type Row } from '#tasks/read/present.ts'
import type { TaskBody } from '#tasks/schemas.ts'

export interface TaskEvent {
  id: number
  at: string
  state: State
  /** The task's error at that time; while a retry runs, that of the previous attempt. */
  error: TaskError | null
}

/** A task and its events, from one snapshot. */
export interface History {
  task: TaskBody
  /** The id of the task's last event; null if it has none. */
  latest: TaskEvent | null
  /** Events after the requested one, in order. */
  events: TaskEvent[]
  /** Whether more events follow these. */
  more: boolean
}

export type ReadHistory = (id: string, after: string | null) => Promise<History | undefined>

// Events of one task in memory at a time, and tasks in one query.
const page = 200
const mostAtOnce = 50

// One statement, so that a task is never seen with events that come after it or without those that led to it. The ids
// of a task's events rise in the order of their commits, since each is written under the lock of the task's row: no
// event ever appears before one that a reader has seen. While a task runs its error is that of the attempt before.
export const readHistoriesSql = `
select
    ${shownColumns},
  wanted.place, to_json(latest) as latest, missed.events,
  case when t.state = 'SUCCESS' and j.readable then j.output end as result,
  t.state = 'SUCCESS' and j.readable is not true as result_expired
from unnest($1::uuid[], $2::bigint[]) with ordinality wanted (id, after, place)
join darkroom.tasks t on t.id = wanted.id
left join lateral (
  select output, completed_on + deletion_seconds * interval '1 second' > now() as readable
  from pgboss.job where name = t.queue and id >= t.id and id <= t.id order by id limit 1
) j on true
left join lateral (
  select e.id, e.at, e.state,
    case when e.state = 'STARTED' then (
      select p.error from darkroom.events p where p.task_id = e.task_id and p.id < e.id order by p.id desc limit 1
    ) else e.error end as error
  from darkroom.events e
  where e.task_id = t.id
  order by e.id desc limit 1
) latest on true
cross join lateral (
  select coalesce(json_agg(e), '[]') as events
  from (
    select e.id, e.at, e.state,
      case when e.state = 'STARTED' then (
        select p.error from darkroom.events p where p.task_id = e.task_id and p.id < e.id order by p.id desc limit 1
      ) else e.error end as error
    from darkroom.events e
    where e.task_id = t.id and e.id > wanted.after
    order by e.id limit ${page}
  ) e
) missed`

interface HistoryRow extends Row {
  place: number
  latest: TaskEvent | null
  events: TaskEvent[]
}

interface Question {
  id: string
  after: string | null
  answer: PromiseWithResolvers<History | undefined>
}

/**
 * Reads histories; concurrent requests share a query. A change that a thousand streams wait for is read once, because
 * all of them are at the same event.
 */
export function historian({ pool }: Database): ReadHistory {
  const waiting = new Map<string, Question>()
  let reading = false

  async function read() {
    reading = true
    await null
    while (waiting.size > 0) {
      const batch = [...waiting.entries().take(mostAtOnce)]
      for (const [key] of batch) waiting.delete(key)
      const questions = batch.map(([, question]) => question)
      try {
        const values = [questions.map(({ id }) => id), questions.map(({ after }) => after)]
        const { rows } = await pool.query<HistoryRow>({ name: 'histories', text: readHistoriesSql, values })
        const found = new Map(rows.map(row => [row.place, historyOf(row)]))
        for (const [index, { answer }] of questions.entries()) answer.resolve(found.get(index + 1))
      } catch (error) {
        for (const { answer } of questions) answer.reject(error)
      }
    }
    reading = false
  }

  return (id, after) => {
    const key = `${id} ${after}`
    const question = waiting.get(key) ?? { id, after, answer: Promise.withResolvers() }
    waiting.set(key, question)
    if (!reading) void read()
    return question.answer.promise
  }
}

function historyOf(row: HistoryRow): History {
  const { latest, events } = row
  return { task: present(row), latest, events, more: events.length === page }
}
