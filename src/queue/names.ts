import type { Database } from '#database/connect.ts'
import { UnknownQueue } from '#errors.ts'
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

// Milliseconds. No submission waits for the refresh that follows: Postgres refuses a job of a queue that was just
// removed.
const freshFor = 1_000

/**
 * Names of the queues that accept tasks. Read again at an unknown name, so that a queue created elsewhere is found at
 * once; and periodically while names are checked, so that a removed queue is soon forgotten.
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
      // The statements that follow report a database outage.
      else if (performance.now() - looked > freshFor) look().catch(() => {})
      return known.has(name)
    }
  }
}

export type QueueNames = ReturnType<typeof queueNames>

/** Refuses a body whose field `queue` names none of them. */
export async function mustBeQueue(queues: QueueNames, queue: string | null | undefined) {
  if (queue === undefined || queue === null || (await queues.has(queue))) return
  throw Object.assign(new UnknownQueue(queue), { errors: [{ field: 'queue', message: 'is not a known queue' }] })
}
