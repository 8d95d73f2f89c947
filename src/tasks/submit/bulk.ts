import { setImmediate as nextTurn } from 'node:timers/promises'
import { checkOf, type FieldProblem, refuse } from '#schema/check.ts'
import { Submission } from '#tasks/schemas.ts'
import type { NewTask } from './enqueue.ts'
import { prepareTask } from './prepare.ts'

// Others are answered in between: ten thousand checks in one go would hold them up.
const between = 500

/**
 * All or none, decided before anything is written: each task is checked as if it came alone, and every one that does
 * not fit is named by its index.
 */
export async function prepareBulk(
  needs: Parameters<typeof prepareTask>[0],
  submissions: unknown[]
): Promise<NewTask[]> {
  const check = checkOf(Submission)
  const tasks: NewTask[] = []
  const problems: FieldProblem[] = []

  for (const [index, submission] of submissions.entries()) {
    if (index % between === between - 1) await nextTurn()
    const wrong = check(submission)
    try {
      if (wrong.length > 0) throw refuse(wrong)
      const task = await prepareTask(needs, submission as Submission)
      if (problems.length === 0) tasks.push(task)
    } catch (error) {
      const { errors, statusCode } = error as { errors?: FieldProblem[]; statusCode?: number }
      if (statusCode !== 400 || !errors) throw error
      for (const { field, message } of errors) problems.push({ field: at(index, field), message })
    }
  }

  if (problems.length > 0) throw refuse(problems)
  return tasks
}

function at(index: number, field: string) {
  return field === '' ? `tasks[${index}]` : `tasks[${index}].${field}`
}
