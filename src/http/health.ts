import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import type { Config } from '#config.ts'
import type { Database } from '#database/connect.ts'
import { isMigrated } from '#database/migrations.ts'
import type { Keyring } from '#keys/keyring.ts'
import { shown, unproved } from '#media/lock/sandbox.ts'
import { answer } from '#schema/answers.ts'
import { problems } from '#schema/problems.ts'
import { someWorkerIsUp } from '#workers/presence.ts'
import { findSandboxes } from '#workers/sandboxes.ts'
import { MediaSandboxBody } from '#workers/schemas.ts'

interface HealthNeeds {
  db: Database
  /** `server` is only ready with a worker; `api` alone does not need one. */
  needsWorker: boolean
  auth(): Auth
}

// Milliseconds. Load balancers and Kubernetes wait for a health check a few seconds at most.
const patience = 2_000

const nothingProved = unproved('No running worker has proved one', 'Start a worker')

type Auth = 'required' | 'open' | 'off'

/** What `auth` says. */
export function authOf({ AUTH }: Pick<Config, 'AUTH'>, { isOpen }: Pick<Keyring, 'isOpen'>): Auth {
  return AUTH === 'off' ? 'off' : isOpen() ? 'open' : 'required'
}

const Live = Type.Object({ status: Type.Literal('live', { description: 'Always the same word' }) })
const Ready = Type.Object({
  status: Type.Enum(['ready', 'not ready'], { description: 'Whether all that is needed is there' }),
  database: Type.Boolean({ description: 'The database answers' }),
  migrations: Type.Boolean({ description: 'All migrations are in' }),
  worker: Type.Boolean({ description: 'A worker is up' }),
  media_sandbox: MediaSandboxBody,
  auth: Type.Enum(['required', 'open', 'off'], {
    description: 'Whether requests need a key; `open`: not from this machine, until there is one'
  })
})

export const healthRoutes: FastifyPluginAsync<HealthNeeds> = async (app, { db, needsWorker, auth }) => {
  app.get(
    '/health/live',
    {
      logLevel: 'warn',
      config: { scope: 'public' },
      schema: {
        operationId: 'getLiveness',
        summary: 'Liveness',
        response: { 200: answer(Live, 'The process is up'), ...problems() }
      }
    },
    async () => ({ status: 'live' as const })
  )

  const schema = {
    operationId: 'getReadiness',
    summary: 'Readiness',
    description:
      'Ready when the database answers, all migrations are in and, for `server`, a worker is up. `media_sandbox` is that of the running worker with the weakest one.',
    response: {
      200: answer(Ready, 'Ready'),
      ...problems(),
      503: answer(Ready, 'Not ready', {
        'Retry-After': Type.Integer({ description: 'Seconds after which to ask again' })
      })
    }
  }
  const look = impatient(() => lookInto(db))
  app.get('/health/ready', { config: { scope: 'public' }, schema, logLevel: 'warn' }, async (_, reply) => {
    const { database, migrations, worker, media_sandbox } = await look()
    const ready = database && migrations && (worker || !needsWorker)
    if (!ready) reply.code(503).header('retry-after', 2)
    return { status: ready ? 'ready' : 'not ready', database, migrations, worker, media_sandbox, auth: auth() }
  })
}

async function lookInto(db: Database) {
  const migrations = await isMigrated(db)
  const worker = await someWorkerIsUp(db.pool)
  const [weakest] = migrations ? await findSandboxes(db.pool) : []
  return { database: true, migrations, worker, media_sandbox: shown(weakest?.sandbox ?? nothingProved) }
}

/**
 * Treats a database that does not answer in time as away. The query that hangs goes on, and health checks of the
 * meantime share it, so that they never take more than one connection from requests.
 */
function impatient(lookNow: () => ReturnType<typeof lookInto>) {
  const nothing = { database: false, migrations: false, worker: false, media_sandbox: shown(nothingProved) }
  let looking: ReturnType<typeof lookNow> | undefined
  return async () => {
    looking ??= lookNow()
      .catch(() => nothing)
      .finally(() => {
        looking = undefined
      })
    const seen = new AbortController()
    try {
      return await Promise.race([looking, delay(patience, nothing, { signal: seen.signal })])
    } finally {
      seen.abort()
    }
  }
}
