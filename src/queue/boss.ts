import { PgBoss } from 'pg-boss'
import type { Database } from '#database/connect.ts'

/** Queues that every installation has; kinds and operators add others. */
export const standardQueues = ['default', 'media', 'high_priority', 'low_priority']

/** Queues whose tasks keep every core of a machine busy. */
export const heavyQueues = ['media']

/** In which keys take turns (migrations/0024_turns.sql): the time of a job is its place, not when it was made. */
export const turnsQueue = 'media'

/** Queue of delayed tasks; a job keeps its id when it moves to the queue of its task. */
export const delayedQueue = 'delayed'

/** Queue of alarms: jobs that pg-boss holds back until a schedule is due; a worker turns them into tasks. */
export const dueQueue = 'due'

export const internalQueues = [delayedQueue, dueQueue]

/**
 * As a limit it keeps pg-boss from retrying, expiring or deleting a waiting job. Retries are ours because their delays
 * come from the task; lost workers are ours because pg-boss notices them only after minutes. (2^31 - 1 is the largest
 * value of its columns; in seconds, 68 years.)
 */
export const never = 2_147_483_647

interface BossOptions {
  db: Database
  /** Migrates pg-boss's own schema. */
  migrate?: boolean
  /** Maintains queues and fires schedules; one process is enough, several do no harm. */
  supervise?: boolean
  onError: (error: Error) => void
}

/** The one place that configures pg-boss. It uses our pool instead of opening its own. */
export async function openBoss({ db, migrate = false, supervise = false, onError }: BossOptions) {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => db.pool.query(text, values as unknown[]) },
    migrate,
    supervise,
    schedule: supervise,
    // Its own schedules are only watchdogs: alarms fire ours to the second.
    cronMonitorIntervalSeconds: 30,
    cronWorkerIntervalSeconds: 30,
    // No job of ours waits for another one, and the check for such jobs takes three queries.
    flowIntervalSeconds: 30,
    persistWarnings: true
  })
  boss.on('error', onError)
  try {
    await boss.start()
    return boss
  } catch (error) {
    // Some of its timers may be running already.
    await boss.stop({ graceful: false, close: false }).catch(() => {})
    throw error
  }
}

/** Creates missing queues. */
export async function createQueues(boss: PgBoss, names: string[]) {
  const existing = new Set((await boss.getQueues()).map(({ name }) => name))
  for (const name of names) {
    if (!existing.has(name)) await boss.createQueue(name, { partition: internalQueues.includes(name), retryLimit: 0 })
  }
}
