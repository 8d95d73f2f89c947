import { checkOf, type FieldProblem } from '#schema/check.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import { GiveUp, type Kind } from '#tasks/define.ts'
import { failure } from './children/body.ts'
import type { Failure } from './children/protocol.ts'

/**
 * Why a task cannot be run here, if that is so: nobody needs to start a process to find out. What was submitted
 * through the API fits its kind, but rows are written by others too, and kinds change.
 */
export function misfit({ task, args }: Claim, kind: Kind | undefined): Failure | undefined {
  if (!kind) {
    // A newer worker may know it.
    const error = { type: 'UnknownTask', message: `This worker does not know the task "${task}"` }
    return { type: 'failure', error, retry: true }
  }
  const problems = problemsOf(kind, args)
  if (problems.length === 0) return undefined
  const list = problems.map(({ field, message }) => `${field || 'args'} ${message}`).join('; ')
  return failure(new GiveUp(`The arguments do not fit: ${list}`, 'InvalidArgs'))
}

/** A schema may have code of the user's in it, and that may throw: the task fails then, and its worker goes on. */
function problemsOf(kind: Kind, args: unknown): FieldProblem[] {
  try {
    return checkOf(kind.args)(args)
  } catch (error) {
    return [{ field: '', message: `cannot be checked: ${failure(error).error.message}` }]
  }
}
