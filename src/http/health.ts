import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { isMigrated } from '#database/migrations.ts'
import { answer } from '#schema/answers.ts'
import { problems } from '#schema/problems.ts'
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
  app.get(
    '/health/live',
    {
      logLevel: 'warn',
      schema: { summary: 'Is the process up?', response: { 200: answer(Live, 'It is'), ...problems() } }
    },
    async () => ({ status: 'live' })
  )

  const schema = {
    summary: 'Can it do its work?',
    description: 'Whether the database answers, migrations are in and, where the server has one, a worker is up.',
    response: {
      200: answer(Ready, 'It can'),
      ...problems(),
      503: answer(Ready, 'Not now', { 'Retry-After': Type.Integer({ description: 'seconds' }) })
    }
  }
  app.get('/health/ready', { schema, logLevel: 'warn' }, async (_, reply) => {
    const migrations = await isMigrated(db).catch(() => undefined)
    const worker = await someWorkerIsUp(db.pool).catch(() => false)
    const database = migrations !== undefined
    const ready = database && migrations && (worker || !needsWorker)
    if (!ready) reply.code(503).header('retry-after', 2)
    return { status: ready ? 'ready' : 'not ready', database, migrations: migrations ?? false, worker }
  })
}
