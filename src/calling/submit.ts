import { goneQueue } from '#queue/gone.ts'
import { forTasks, type QueueNames } from '#queue/names.ts'
import { checkOf, type FieldProblem, refuse } from '#schema/check.ts'
import { deepest, nestsTooDeeply, unstorableIn } from '#schema/storable.ts'
import { channels } from '#tasks/channels.ts'
import type { Kind } from '#tasks/define.ts'
import { Submission } from '#tasks/schemas.ts'
import { type Enqueued, enqueueThrough, type NewTask, queueToWake, timeToStart } from '#tasks/submit/enqueue.ts'
import { prepareTask } from '#tasks/submit/prepare.ts'
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
  transaction?: Transaction
}

interface Transaction {
  query(text: string, values: unknown[]): Promise<{ rows: any[] }>
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
  const problems = misfits.length > 0 ? misfits : unwritableIn(submission)
  if (problems.length > 0) throw refuse(problems)

  const needs = {
    kinds: new Map([[kind.name, kind]]),
    queues: transaction ? heldIn(transaction) : caller.queues,
    defaults: { resultExpires: caller.resultExpires }
  }
  const task = await prepareTask(needs, submission)
  if (transaction) {
    const [enqueued] = await write(transaction, task)
    // The one NOTIFY inside a transaction: only this commit, which is not ours, can say when there is something to do.
    await transaction.query('select pg_notify($1, $2)', [channels.wake, queueToWake(enqueued as Enqueued)])
    const left = timeToStart(enqueued as Enqueued)
    if (left !== null) await transaction.query('select pg_notify($1, $2)', [channels.deadline, String(left)])
  } else {
    caller.voice.enqueued(await write(caller.db.pool, task))
    await caller.voice.flush()
  }
  return handleOf<Result>(caller, task.id)
}

async function write(connection: Transaction, task: NewTask): Promise<Enqueued[]> {
  try {
    return await enqueueThrough((text, values) => connection.query(text, values), [task])
  } catch (error) {
    throw goneQueue(error) ?? error
  }
}

/**
 * That a queue is gone would be said by the commit, which is the caller's. Held, it stays until then; and one that is
 * not there is refused without spoiling what else the transaction has done.
 */
function heldIn(transaction: Transaction): QueueNames {
  const text = `select from pgboss.queue q where q.name = $1 and ${forTasks} for key share`
  return { has: async name => (await transaction.query(text, [name])).rows.length > 0 }
}

/** What comes over HTTP has been JSON, and was looked at before it was anything else. This may be whatever a program has. */
function unwritableIn(submission: Submission): FieldProblem[] {
  let json: string
  try {
    json = JSON.stringify(submission)
  } catch (error) {
    return [{ field: 'args', message: `cannot be written as JSON: ${(error as Error).message}` }]
  }
  if (nestsTooDeeply(Buffer.from(json))) return [{ field: 'args', message: `nest more than ${deepest} levels deep` }]
  return unstorableIn(submission, json)
}

function times({ eta, expires }: Pick<ApplyOptions, 'eta' | 'expires'>) {
  return {
    ...(eta !== undefined && { eta: written(eta) }),
    ...(expires !== undefined && { expires: written(expires) })
  }
}

/** A Date that is no time is written as it says itself, and refused like any other text that is none. */
function written<T>(time: Date | T) {
  if (!(time instanceof Date)) return time
  return Number.isNaN(time.getTime()) ? String(time) : time.toISOString()
}
