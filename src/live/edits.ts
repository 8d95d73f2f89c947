import type { Database } from '#database/connect.ts'
import { findTasks } from '#tasks/read/find.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { statusOfState } from '#tasks/words.ts'

/** A change of a waiting task by a person or program: the task now, and as it was before. */
export interface Edit {
  at: string
  before: TaskBody
  task: TaskBody
}

interface EditRow {
  task_id: string
  at: Date
  edited: Partial<Pick<TaskBody, 'queue' | 'priority' | 'tags' | 'eta'>>
}

const most = 200
// Milliseconds: some transactions commit after later ones. An edit that is told twice counts once.
const overlap = 2_000
// Milliseconds without a look, after which no page is there that could miss the edits of that time.
const idle = 10_000

export const findEditsSql = `
select task_id, at, edited from darkroom.events where edited is not null and at > $1 order by at limit ${most}`

/** The edits since the last look, the earliest first; what is more than one look takes comes with the next. */
export function editsSince(db: Database) {
  let mark = new Date()
  let looked = Number.NEGATIVE_INFINITY

  return async (): Promise<Edit[]> => {
    if (performance.now() - looked > idle) mark = new Date(Date.now() - overlap)
    looked = performance.now()
    const { rows } = await db.pool.query<EditRow>(findEditsSql, [mark])
    if (rows.length === 0) return []
    const last = rows.at(-1)!.at.getTime()
    mark = new Date(rows.length === most ? last : Math.max(mark.getTime(), last - overlap))
    const tasks = new Map(
      (
        await findTasks(
          db,
          rows.map(row => row.task_id)
        )
      ).map(task => [task.id, task])
    )
    return rows.flatMap(({ task_id, at, edited }) => {
      const task = tasks.get(task_id)
      return task ? [{ at: at.toISOString(), task, before: asBefore(task, edited, at) }] : []
    })
  }
}

function asBefore(task: TaskBody, edited: EditRow['edited'], at: Date): TaskBody {
  const before = { ...task, ...edited }
  const { state, eta } = before
  return { ...before, status: statusOfState(state, eta !== null && Date.parse(eta) > at.getTime()) }
}
