import type { Database } from '#database/connect.ts'
import { internalQueues } from './boss.ts'

/** The condition on pgboss.queue `q` that leaves the queues which people put tasks into. */
export const forTasks = `q.name not in (${internalQueues.map(name => `'${name}'`).join(', ')}) and q.name not like '\\_\\_pgboss\\_\\_%'`

export async function listQueueNames({ pool }: Pick<Database, 'pool'>): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(`select name from pgboss.queue q where ${forTasks} order by name`)
  return rows.map(({ name }) => name)
}

/** The queues that a task may be put into. Looked up when a name is new, so one made elsewhere is seen at once. */
export function queueNames(db: Database) {
  let known = new Set<string>()
  let looking: Promise<void> | undefined

  async function look() {
    known = new Set(await listQueueNames(db))
  }

  return {
    async has(name: string) {
      if (known.has(name)) return true
      looking ??= look().finally(() => {
        looking = undefined
      })
      await looking
      return known.has(name)
    }
  }
}

export type QueueNames = ReturnType<typeof queueNames>
