import type { Database } from '#database/connect.ts'
import { internalQueues } from './boss.ts'

/** Whether tasks may wait in a queue of this name: some queues are internal to Darkroom or to pg-boss. */
export function isForTasks(name: string) {
  return !internalQueues.includes(name) && !name.startsWith('__pgboss__')
}

/** The same as a condition on pgboss.queue `q`. */
export const forTasks = `q.name not in (${internalQueues.map(name => `'${name}'`).join(', ')}) and q.name not like '\\_\\_pgboss\\_\\_%'`

export async function listQueueNames({ pool }: Pick<Database, 'pool'>): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(`select name from pgboss.queue q where ${forTasks} order by name`)
  return rows.map(({ name }) => name)
}

// Milliseconds. No submission waits for the look that follows: Postgres refuses a job whose queue has just been removed.
const freshFor = 1_000

/**
 * The queues that a task may be put into. They are read when a name is unknown, so a queue created elsewhere is seen at
 * once; and now and then while names are asked for, so a removed queue is soon forgotten.
 */
export function queueNames(db: Database) {
  let known = new Set<string>()
  let looked = 0
  let looking: Promise<void> | undefined

  function look() {
    looking ??= listQueueNames(db)
      .then(names => {
        known = new Set(names)
        looked = performance.now()
      })
      .finally(() => {
        looking = undefined
      })
    return looking
  }

  return {
    async has(name: string) {
      if (!known.has(name)) await look()
      // An outage of the database is reported by the statements that follow.
      else if (performance.now() - looked > freshFor) look().catch(() => {})
      return known.has(name)
    }
  }
}

export type QueueNames = ReturnType<typeof queueNames>
