import { v7 as uuid } from 'uuid'
import { checkOf, refuse } from '#schema/check.ts'
import type { Kind } from '#tasks/define.ts'
import { openCaller } from './caller.ts'

/** Runs a body in this process: for tests, scripts and tasks that use each other. Throws what the body throws. */
export async function runHere<Result>(kind: Kind, args: unknown): Promise<Result> {
  const problems = checkOf(kind.args)(args)
  if (problems.length > 0) throw refuse(problems, 'args')
  const context = {
    id: uuid(),
    attempt: 1,
    signal: new AbortController().signal,
    progress: () => {},
    log: (line: string) => console.log(line)
  }
  // Only an inline kind gets the database, so only that opens a connection.
  const db = kind.pool === 'inline' ? (await openCaller()).db : undefined
  return kind.run(args, { ...context, db: db! }) as Result
}
