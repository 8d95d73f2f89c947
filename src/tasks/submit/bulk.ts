import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Principal } from '#access/principal.ts'
import { LimitExceeded, VideoBusy } from '#errors.ts'
import { checkOf, type FieldProblem, refuse } from '#schema/check.ts'
import type { NewTask } from './new-task.ts'
import { busyVideo } from './one-open.ts'
import { prepareTask } from './prepare.ts'
import { Submission } from './schemas.ts'

// Tasks checked before other requests get a turn: ten thousand checks at once would delay them.
const between = 500

/**
 * All or none, decided before anything is written: each task is checked like a single submission, and the error names
 * each invalid one by its index.
 */
export async function prepareBulk(
  needs: Parameters<typeof prepareTask>[0],
  submissions: unknown[],
  principal?: Principal
): Promise<NewTask[]> {
  const check = checkOf(Submission)
  const tasks: NewTask[] = []
  const problems: FieldProblem[] = []
  let beyond: Error | undefined

  for (const [index, submission] of submissions.entries()) {
    if (index % between === between - 1) await nextTurn()
    const wrong = check(submission)
    try {
      if (wrong.length > 0) throw refuse(wrong)
      const task = await prepareTask(needs, submission as Submission, principal)
      if (problems.length === 0) tasks.push(task)
    } catch (error) {
      const { errors } = error as { errors?: FieldProblem[] }
      if (!errors) throw error
      beyond ??= error instanceof LimitExceeded ? error : undefined
      for (const { field, message } of errors) problems.push({ field: at(index, field), message })
    }
  }

  // Of a key's limit the status is another one.
  if (beyond) throw Object.assign(beyond, { errors: problems })
  if (problems.length > 0) throw refuse(problems)
  return tasks
}

/** The error of Postgres for a second open task of one video, with the indexes of the tasks about that video. */
export function busyIn(tasks: NewTask[], error: unknown) {
  const video = busyVideo(error)
  if (video === undefined) return error
  const errors = tasks.flatMap(({ task, video_id }, index) =>
    task === 'process_video' && video_id?.toLowerCase() === video
      ? [{ field: at(index, 'args.video_id'), message: 'has an open process_video task, or another one in this list' }]
      : []
  )
  return Object.assign(new VideoBusy(video), { errors })
}

function at(index: number, field: string) {
  return field === '' ? `tasks[${index}]` : `tasks[${index}].${field}`
}
