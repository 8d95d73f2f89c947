import { checkOf, refuse } from '#schema/check.ts'
import { unstorableIn } from '#schema/storable.ts'
import { channels } from '#tasks/channels.ts'
import type { Kind } from '#tasks/define.ts'
import { type Enqueued, enqueueThrough, queueToWake, timeToStart } from '#tasks/enqueue.ts'
import { Submission } from '#tasks/schemas.ts'
import { prepareTask } from '#tasks/submit.ts'
import { openCaller } from './caller.ts'
import { type Handle, handleOf } from './handle.ts'

/** Celery's names, and everything that a submission over HTTP may say. Times may be Dates. */
export interface ApplyOptions
  extends Partial<Omit<Submission, 'task' | 'args' | 'eta' | 'scheduled_time' | 'expires'>> {
  eta?: Date | string
  expires?: Date | string | number
  /**
   * A connection inside a transaction of yours (a client of `pg`, or whatever has such a `query`): the task is there
   * if and when you commit, and the workers hear of it then.
   */
  transaction?: { query(text: string, values: unknown[]): Promise<{ rows: any[] }> }
}

export async function applyAsync<Result>(
  kind: Kind,
  args: unknown,
  options: ApplyOptions = {}
): Promise<Handle<Result>> {
  const { transaction, eta, expires, ...said } = options
  const caller = await openCaller()
  const submission = { task: kind.name, args, ...said, ...times({ eta, expires }) } as Submission
  const misfits = checkOf(Submission)(submission)
  const problems = misfits.length > 0 ? misfits : unstorableIn(submission, JSON.stringify(submission))
  if (problems.length > 0) throw refuse(problems)

  const needs = {
    kinds: new Map([[kind.name, kind]]),
    queues: caller.queues,
    defaults: { resultExpires: caller.resultExpires }
  }
  const task = await prepareTask(needs, submission)
  if (transaction) {
    const [enqueued] = await enqueueThrough((text, values) => transaction.query(text, values), [task])
    // The one NOTIFY inside a transaction: only this commit, which is not ours, can say when there is something to do.
    await transaction.query('select pg_notify($1, $2)', [channels.wake, queueToWake(enqueued as Enqueued)])
    const left = timeToStart(enqueued as Enqueued)
    if (left !== null) await transaction.query('select pg_notify($1, $2)', [channels.deadline, String(left)])
  } else {
    caller.voice.enqueued(await enqueueThrough((text, values) => caller.db.pool.query(text, values), [task]))
    await caller.voice.flush()
  }
  return handleOf<Result>(caller, task.id)
}

function times({ eta, expires }: Pick<ApplyOptions, 'eta' | 'expires'>) {
  return {
    ...(eta !== undefined && { eta: eta instanceof Date ? eta.toISOString() : eta }),
    ...(expires !== undefined && { expires: expires instanceof Date ? expires.toISOString() : expires })
  }
}
