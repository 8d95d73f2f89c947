import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { isMigrated } from '#database/migrations.ts'
import { someWorkerIsUp } from '#workers/presence.ts'

interface Needs {
  db: Database
  /** `server` is only ready with a worker; `api` alone does not need one. */
  needsWorker: boolean
}

const Live = Type.Object({ status: Type.String() })
const Ready = Type.Object({
  status: Type.Enum(['ready', 'not ready']),
  database: Type.Boolean(),
  migrations: Type.Boolean(),
  worker: Type.Boolean()
})

export const healthRoutes: FastifyPluginAsync<Needs> = async (app, { db, needsWorker }) => {
  app.get('/health/live', { schema: { response: { 200: Live } }, logLevel: 'warn' }, async () => ({ status: 'live' }))

  app.get('/health/ready', { schema: { response: { 200: Ready, 503: Ready } }, logLevel: 'warn' }, async (_, reply) => {
    const migrations = await isMigrated(db).catch(() => undefined)
    const worker = await someWorkerIsUp(db.pool).catch(() => false)
    const database = migrations !== undefined
    const ready = database && migrations && (worker || !needsWorker)
    if (!ready) reply.code(503).header('retry-after', 2)
    return { status: ready ? 'ready' : 'not ready', database, migrations: migrations ?? false, worker }
  })
}
