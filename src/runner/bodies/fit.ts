import { checkOf, type FieldProblem } from '#schema/check.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import { GiveUp, type Kind } from '#tasks/define.ts'
import { failure } from '../children/inside/body.ts'
import type { Failure } from '../children/protocol.ts'

/**
 * Checks a task's arguments against its kind without a child. The API has checked those of its submissions, but SQL
 * writes rows too, and kinds change.
 */
export function misfit({ args }: Claim, kind: Kind): Failure | undefined {
  const problems = problemsOf(kind, args)
  if (problems.length === 0) return undefined
  const list = problems.map(({ field, message }) => `${field || 'args'} ${message}`).join('; ')
  return failure(new GiveUp(`The arguments do not fit: ${list}`, 'InvalidArgs'))
}

/** A schema may hold user code that throws: the task fails then, and the worker goes on. */
function problemsOf(kind: Kind, args: unknown): FieldProblem[] {
  try {
    return checkOf(kind.args)(args)
  } catch (error) {
    return [{ field: '', message: `cannot be checked: ${failure(error).error.message}` }]
  }
}
