import { maxHeaderSize } from 'node:http'
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import { InvalidRequest, UnsupportedEncoding } from '#errors.ts'
import { kindRoutes } from '#kinds/routes.ts'
import { type QueueNeeds, queueRoutes } from '#queues/routes.ts'
import { isUuid } from '#schema/common.ts'
import { type CreateNeeds, createRoutes } from '#tasks/routes/create.ts'
import { taskDialect } from '#tasks/routes/dialect.ts'
import { type TaskNeeds, taskRoutes } from '#tasks/routes/tasks.ts'
import { whyRoutes } from '#tasks/why/routes.ts'
import { type VideoNeeds, videoRoutes } from '#videos/routes.ts'
import { watchRoutes } from '#watch/routes.ts'
import { workerRoutes } from '#workers/routes.ts'
import { clientJs } from './client-js.ts'
import { docsRoutes } from './docs.ts'
import { endSlowBodies } from './doors/arrivals.ts'
import { limitBodiesInMemory } from './doors/bodies.ts'
import { type BrowserSettings, guardAgainstPages } from './doors/browsers.ts'
import { addSecurityHeaders } from './doors/headers.ts'
import type { Limits } from './doors/limits.ts'
import { listener } from './doors/listener.ts'
import { limitOpen } from './doors/places.ts'
import { identifyPrincipals } from './doors/principal.ts'
import { requestId } from './doors/request-id.ts'
import { errorHandler } from './errors/error-handler.ts'
import { notFound, refuseWrongMethod } from './errors/not-found.ts'
import { logOutages } from './errors/outage-log.ts'
import { healthRoutes } from './health.ts'
import { parseJsonStrictly } from './json.ts'
import { lingerOnUnreadBodies } from './linger.ts'
import { collectRoutes, openapiRoute } from './openapi.ts'
import { publicFiles } from './pages/public-dir.ts'
import { drainWhenStopping } from './stopping.ts'
import { decodable } from './url.ts'
import { validatorCompiler } from './validation.ts'

export interface ServerNeeds extends CreateNeeds, TaskNeeds, QueueNeeds, VideoNeeds {
  log: Logger
  needsWorker: boolean
  settings: BrowserSettings & Pick<Config, 'PUBLIC_DIR'>
  limits: Limits
}

// Of JSON. Routes that take more say so; a film never comes this way.
const bodyLimit = 1024 * 1024

const bodyless = new Set(['GET', 'HEAD'])

export async function buildServer({ log, needsWorker, settings, limits, ...needs }: ServerNeeds) {
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    bodyLimit,
    serverFactory: listener(limits),
    forceCloseConnections: 'idle',
    // Ours is a problem, with the headers that every answer has.
    return503OnClosing: false,
    // A garbage id of any length is an unknown id; longer than this no URL arrives.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: maxHeaderSize },
    genReqId: requestId,
    rewriteUrl: ({ url = '' }) => decodable(url)
  })

  app.setValidatorCompiler(validatorCompiler as never)
  // Bodies are what the routes make them; a second opinion on each would only cost.
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  const outages = logOutages(log)
  app.addHook('onClose', async () => outages.close())
  parseJsonStrictly(app)

  // In this order: who asks, whether it may come in at all, and then how much it may take.
  identifyPrincipals(app)
  addSecurityHeaders(app, settings.PUBLIC_URL)
  guardAgainstPages(app, settings)
  const drain = drainWhenStopping(app)
  endSlowBodies(app, limits)
  limitBodiesInMemory(app, limits)
  limitOpen(app, limits)
  lingerOnUnreadBodies(app)
  app.setErrorHandler(errorHandler(outages, drain) as never)
  const serveFile = settings.PUBLIC_DIR === undefined ? undefined : publicFiles(settings.PUBLIC_DIR)
  app.setNotFoundHandler(async (request, reply) => {
    refuseWrongMethod(app, request, reply)
    return (await serveFile?.(request, reply)) ?? notFound(request)
  })

  app.addHook('onRequest', ({ method, url, headers, is404 }, _reply, done) => {
    const query = url.indexOf('?')
    if (query >= 0 && /%00/.test(url.slice(query))) return done(new InvalidRequest('The query has a NUL in a text'))
    const encoding = headers['content-encoding']
    // Read as if it were plain it would be refused as JSON, or kept as a film.
    if (encoding && !/^identity$/i.test(encoding) && !is404 && !bodyless.has(method)) {
      return done(new UnsupportedEncoding(encoding))
    }
    done()
  })
  // Postgres knows an id in any case; files, announcements and comparisons know it only as we write it.
  app.addHook('preValidation', (request, _reply, done) => {
    const params = request.params as { id?: string }
    if (params.id !== undefined && isUuid(params.id)) params.id = params.id.toLowerCase()
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { method, originalUrl: url, routeOptions } = request
    if (routeOptions.logLevel !== 'warn') {
      request.log.info({ method, url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request')
    }
    done()
  })

  await collectRoutes(app)
  await app.register(healthRoutes, { db: needs.db, needsWorker })
  await app.register(createRoutes, needs)
  await app.register(taskRoutes, needs)
  await app.register(whyRoutes, needs)
  await app.register(kindRoutes, needs)
  await app.register(taskDialect, needs)
  await app.register(queueRoutes, needs)
  await app.register(workerRoutes, needs)
  await app.register(watchRoutes, needs)
  await app.register(videoRoutes, needs)
  await app.register(clientJs)
  await app.register(openapiRoute)
  await app.register(docsRoutes)
  return { app, drain }
}
