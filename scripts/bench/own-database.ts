import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { type ConnectOptions, connect, type Database, throughIndexes } from '../../src/database/connect.ts'
import { findEmbedded, openEmbedded } from '../../src/database/embedded.ts'
import { migrate } from '../../src/migrate.ts'

/** A migrated database in a Postgres of its own, which `close` removes. */
export async function openOwnDatabase(options: Partial<ConnectOptions> = {}) {
  const dataDir = await mkdtemp(path.join(import.meta.dirname, '../../node_modules/.cache-bench-'))
  const server = await openEmbedded({ dataDir, log: () => {}, durable: false })
  await migrate(server.url, [], () => {})
  const db = connect(server.url, { name: 'bench', max: 2, settings: throughIndexes, ...options })

  return {
    db,
    /** As a superuser: no other role may run `checkpoint`. */
    async load(fill: (pool: Database['pool']) => Promise<void>) {
      const url = (await findEmbedded(dataDir, 'superuser'))!
      const loader = connect(url, { name: 'bench', max: 1, settings: { maintenance_work_mem: '256MB' } })
      await fill(loader.pool)
      await loader.close()
    },
    async close() {
      await db.close()
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  }
}
