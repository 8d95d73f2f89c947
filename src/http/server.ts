import { randomUUID } from 'node:crypto'
import { maxHeaderSize } from 'node:http'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'
import { InvalidRequest, UnsupportedEncoding } from '#errors.ts'
import { type QueueNeeds, queueRoutes } from '#queues/routes.ts'
import { isUuid } from '#schema/common.ts'
import { type CreateNeeds, createRoutes } from '#tasks/routes/create.ts'
import { taskDialect } from '#tasks/routes/dialect.ts'
import { type TaskNeeds, taskRoutes } from '#tasks/routes/tasks.ts'
import { type VideoNeeds, videoRoutes } from '#videos/routes.ts'
import { watchRoutes } from '#watch/routes.ts'
import { isForWatchers } from '#watch/upgrade.ts'
import { workerRoutes } from '#workers/routes.ts'
import { clientJs } from './client-js.ts'
import { closeAfterLastAnswer } from './closing.ts'
import { docsRoutes } from './docs.ts'
import { answerClientError } from './errors/client-error.ts'
import { errorHandler, handleNotFound } from './errors/error-handler.ts'
import { logOutages } from './errors/outage-log.ts'
import { healthRoutes } from './health.ts'
import { parseJsonStrictly } from './json.ts'
import { lingerOnUnreadBodies } from './linger.ts'
import { collectRoutes, openapiRoute } from './openapi.ts'
import { decodable } from './url.ts'
import { validatorCompiler } from './validation.ts'

export interface ServerNeeds extends CreateNeeds, TaskNeeds, QueueNeeds, VideoNeeds {
  log: Logger
  needsWorker: boolean
}

// A body of 10,000 tasks fits; a film never comes this way.
const bodyLimit = 32 * 1024 * 1024
// A socket on which nothing moves for so long is given up; an upload is as slow as it likes while it moves.
const connectionTimeout = 120_000

const bodyless = new Set(['GET', 'HEAD'])

export async function buildServer({ log, needsWorker, ...needs }: ServerNeeds): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    connectionTimeout,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    // A garbage id of any length is an unknown id; longer than this no URL arrives.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: maxHeaderSize },
    genReqId: () => randomUUID(),
    http: { shouldUpgradeCallback: isForWatchers },
    rewriteUrl: ({ url = '' }) => decodable(url),
    clientErrorHandler: answerClientError
  })

  app.setValidatorCompiler(validatorCompiler as never)
  // Bodies are what the routes make them; a second opinion on each would only cost.
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  const outages = logOutages(log)
  app.addHook('onClose', async () => outages.close())
  app.setErrorHandler(errorHandler(outages) as never)
  app.setNotFoundHandler(handleNotFound)
  parseJsonStrictly(app)
  lingerOnUnreadBodies(app)
  closeAfterLastAnswer(app)

  app.addHook('onRequest', async ({ method, url, headers, is404 }) => {
    const query = url.indexOf('?')
    if (query >= 0 && /%00/.test(url.slice(query))) throw new InvalidRequest('The query has a NUL in a text')
    const encoding = headers['content-encoding']
    // Read as if it were plain it would be said to be no JSON, or kept as a film.
    if (encoding && !/^identity$/i.test(encoding) && !is404 && !bodyless.has(method)) {
      throw new UnsupportedEncoding(encoding)
    }
  })
  // Postgres knows an id in any case; files, announcements and comparisons know it only as we write it.
  app.addHook('preValidation', async request => {
    const params = request.params as { id?: string }
    if (params.id !== undefined && isUuid(params.id)) params.id = params.id.toLowerCase()
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, originalUrl: url, routeOptions } = request
    if (routeOptions.logLevel === 'warn') return
    request.log.info({ method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request')
  })

  await collectRoutes(app)
  await app.register(healthRoutes, { db: needs.db, needsWorker })
  await app.register(createRoutes, needs)
  await app.register(taskRoutes, needs)
  await app.register(taskDialect, needs)
  await app.register(queueRoutes, needs)
  await app.register(workerRoutes, needs)
  await app.register(watchRoutes, needs)
  await app.register(videoRoutes, needs)
  await app.register(clientJs)
  await app.register(openapiRoute)
  await app.register(docsRoutes)
  return app
}
