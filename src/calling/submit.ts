import { VideoBusy } from '#errors.ts'
import { goneQueue } from '#queue/gone.ts'
import { forTasks, type QueueNames } from '#queue/names.ts'
import { checkOf, type FieldProblem, refuse } from '#schema/check.ts'
import { deepest, nestsTooDeeply, unstorableIn } from '#schema/storable.ts'
import { channels } from '#tasks/channels.ts'
import type { Kind } from '#tasks/define.ts'
import { type Enqueued, enqueueThrough, queueToWake, timeToStart } from '#tasks/submit/enqueue.ts'
import type { NewTask } from '#tasks/submit/new-task.ts'
import { busyVideo } from '#tasks/submit/one-open.ts'
import { prepareTask } from '#tasks/submit/prepare.ts'
import { Submission } from '#tasks/submit/schemas.ts'
import { webhookIds, webhooksIn } from '#tasks/submit/webhooks.ts'
import { activeTrace } from '#telemetry/spans.ts'
import { openCaller } from './caller.ts'
import { type Handle, handleOf } from './handle.ts'

/** Celery's names and the fields of a submission over HTTP. Times may be Dates. */
export interface ApplyOptions
  extends Partial<Omit<Submission, 'task' | 'args' | 'eta' | 'scheduled_time' | 'expires'>> {
  eta?: Date | string
  expires?: Date | string | number
  /**
   * A connection inside a transaction of yours (a client of `pg`, or any object with such a `query`): the task exists
   * once you commit, and workers are notified then.
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
    webhooks: transaction ? webhookIds((text, values) => transaction.query(text, values)) : webhooksIn(caller.db.pool),
    defaults: { resultExpires: caller.resultExpires }
  }
  const task = { ...(await prepareTask(needs, submission)), ...traceOf() }
  if (transaction) {
    const [enqueued] = await write(transaction, task)
    // The one NOTIFY inside a transaction: the commit is the caller's, so nothing of ours runs after it.
    await transaction.query('select pg_notify($1, $2)', [channels.wake, queueToWake(enqueued as Enqueued)])
    const left = timeToStart(enqueued as Enqueued)
    if (left !== null) await transaction.query('select pg_notify($1, $2)', [channels.deadline, String(left)])
  } else {
    caller.voice.enqueued(await write(caller.db.pool, task))
    await caller.voice.flush()
  }
  return handleOf<Result>(caller, task.id)
}

/** Of the program's own spans, where it has any; else of the body that submits it. */
function traceOf() {
  const traceparent = activeTrace()
  return traceparent === undefined ? {} : { traceparent }
}

async function write(connection: Transaction, task: NewTask): Promise<Enqueued[]> {
  try {
    return await enqueueThrough((text, values) => connection.query(text, values), [task])
  } catch (error) {
    const busy = busyVideo(error)
    throw goneQueue(error) ?? (busy ? new VideoBusy(busy) : error)
  }
}

/**
 * Looks a queue up and locks it against removal until the caller commits: otherwise only that commit would fail. An
 * unknown queue is refused without aborting the transaction.
 */
function heldIn(transaction: Transaction): QueueNames {
  const text = `select from pgboss.queue q where q.name = $1 and ${forTasks} for key share`
  return { has: async name => (await transaction.query(text, [name])).rows.length > 0 }
}

/** The checks that the JSON parser makes on a body over HTTP, for the values of a program. */
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

/** An invalid Date becomes the string "Invalid Date", which the schema refuses like any other string that is no time. */
function written<T>(time: Date | T) {
  if (!(time instanceof Date)) return time
  return Number.isNaN(time.getTime()) ? String(time) : time.toISOString()
}
