import { PgBoss } from 'pg-boss'
import type { Database } from '#database/connect.ts'

/** The queues that are there from the start; task kinds and operators add theirs. */
export const standardQueues = ['default', 'media', 'high_priority', 'low_priority']

/** Queues whose tasks keep every core of a machine busy. */
export const heavyQueues = ['media']

/** Where tasks wait whose time has not come; they keep their id when they move to their own queue. */
export const delayedQueue = 'delayed'

/** Where pg-boss puts a ticket each time a schedule is due; a worker turns it into a task. */
export const dueQueue = 'due'

export const internalQueues = [delayedQueue, dueQueue]

/**
 * What pg-boss must never decide: it neither retries, nor expires, nor forgets a waiting job by itself. Retries are
 * ours because their delays come from the task; dead workers are ours because pg-boss notices in minutes.
 * (2^31 - 1 is the widest its columns take; as seconds it is 68 years.)
 */
export const never = 2_147_483_647

interface Options {
  db: Database
  /** Migrate pg-boss's own schema. */
  migrate?: boolean
  /** Watch over queues and fire schedules; one process that does so is enough, several do no harm. */
  supervise?: boolean
  onError: (error: Error) => void
}

/** The one place that configures pg-boss. It borrows our pool instead of opening another. */
export async function openBoss({ db, migrate = false, supervise = false, onError }: Options) {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => db.pool.query(text, values as unknown[]) },
    migrate,
    supervise,
    schedule: supervise,
    // Seconds of lateness for a schedule, and not the half minute of the defaults. At 1 s each, an idle worker would
    // make three queries a second for this alone.
    cronMonitorIntervalSeconds: 5,
    cronWorkerIntervalSeconds: 5,
    // Jobs that wait for other jobs are pg-boss's own, and ours are none; a look at them is three queries.
    flowIntervalSeconds: 30,
    persistWarnings: true
  })
  boss.on('error', onError)
  try {
    await boss.start()
    return boss
  } catch (error) {
    // Some of its clocks may be running by then.
    await boss.stop({ graceful: false, close: false }).catch(() => {})
    throw error
  }
}

/** A queue is a lane; creating one that exists changes nothing. */
export async function createQueues(boss: PgBoss, names: string[]) {
  const existing = new Set((await boss.getQueues()).map(({ name }) => name))
  for (const name of names) {
    if (!existing.has(name)) await boss.createQueue(name, { partition: name === delayedQueue, retryLimit: 0 })
  }
}
