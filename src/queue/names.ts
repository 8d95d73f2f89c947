import type { Database } from '#database/connect.ts'
import { internalQueues } from './boss.ts'

/** The queues that a task may be put into. Looked up when a name is new, so one made elsewhere is seen at once. */
export function queueNames({ pool }: Database) {
  let known = new Set<string>()
  let looking: Promise<void> | undefined

  async function look() {
    const { rows } = await pool.query<{ name: string }>(
      `select name from pgboss.queue where name <> all($1) and name not like '\\_\\_pgboss\\_\\_%'`,
      [internalQueues]
    )
    known = new Set(rows.map(({ name }) => name))
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
