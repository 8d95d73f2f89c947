import { checkOf, type FieldProblem } from '#schema/check.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import { GiveUp, type Kind } from '#tasks/define.ts'
import { failure } from '../children/body.ts'
import type { Failure } from '../children/protocol.ts'

/**
 * Why the arguments of a task do not fit its kind, if so: no child is needed to find out. What was submitted through the
 * API fits, but rows are written with SQL too, and kinds change.
 */
export function misfit({ args }: Claim, kind: Kind): Failure | undefined {
  const problems = problemsOf(kind, args)
  if (problems.length === 0) return undefined
  const list = problems.map(({ field, message }) => `${field || 'args'} ${message}`).join('; ')
  return failure(new GiveUp(`The arguments do not fit: ${list}`, 'InvalidArgs'))
}

/** A schema may hold code of the user's, and that may throw: the task fails then, and the worker goes on. */
function problemsOf(kind: Kind, args: unknown): FieldProblem[] {
  try {
    return checkOf(kind.args)(args)
  } catch (error) {
    return [{ field: '', message: `cannot be checked: ${failure(error).error.message}` }]
  }
}
