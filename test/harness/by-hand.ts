import type { Client, Pool } from 'pg'

/**
 * A statement that a DBA types beside a running worker. `delete_queue` locks tables in an order of its own, so Postgres
 * may end it as the victim of a deadlock; a DBA then types it again.
 */
export async function byHand(db: Client | Pool, statement: string) {
  for (let tries = 10; ; tries--) {
    try {
      return await db.query(statement)
    } catch (error) {
      if ((error as { code?: string }).code !== '40P01' || tries === 0) throw error
    }
  }
}
