import { maxHeaderSize } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Refusals } from '#audit/refusals.ts'
import { auditRoutes } from '#audit/routes.ts'
import { type BulkNeeds, bulkRoutes } from '#bulk/routes.ts'
import type { Config } from '#config.ts'
import { dashboardRoutes } from '#dashboard/routes.ts'
import { type DoctorNeeds, doctorRoutes } from '#doctor/routes.ts'
import { type KeyNeeds, keyRoutes } from '#keys/routes.ts'
import { kindRoutes } from '#kinds/routes.ts'
import { liveRoutes } from '#live/routes.ts'
import type { QueueNeeds } from '#queues/needs.ts'
import { queueRoutes } from '#queues/routes.ts'
import type { ScheduleNeeds } from '#schedules/acts/add.ts'
import { scheduleRoutes } from '#schedules/routes.ts'
import { statsRoutes } from '#stats/routes.ts'
import { taskCounter } from '#tasks/counts/counter.ts'
import { failureRoutes } from '#tasks/failures/routes.ts'
import { internalKinds } from '#tasks/internal.ts'
import { countRoutes } from '#tasks/routes/count.ts'
import type { CreateNeeds } from '#tasks/routes/create/needs.ts'
import { createRoutes } from '#tasks/routes/create.ts'
import { taskDialect } from '#tasks/routes/dialect.ts'
import { type TaskNeeds, taskRoutes } from '#tasks/routes/tasks.ts'
import { whyRoutes } from '#tasks/why/routes.ts'
import type { ResumableNeeds } from '#uploads/append.ts'
import { resumableRoutes } from '#uploads/routes.ts'
import { type VideoNeeds, videoRoutes } from '#videos/routes.ts'
import { watchRoutes } from '#watch/routes.ts'
import type { WebhookNeeds } from '#webhooks/needs.ts'
import { webhookRoutes } from '#webhooks/routes.ts'
import { workerRoutes } from '#workers/routes.ts'
import { aboutRoutes } from './about.ts'
import { clientJs } from './client-js.ts'
import { docsRoutes } from './docs.ts'
import type { BrowserSettings } from './doors/browsers/browsers.ts'
import { hangDoors } from './doors/doors.ts'
import { type ProxySettings, proxySignIn } from './doors/gate/proxy.ts'
import type { Limits } from './doors/limits/limits.ts'
import { listener } from './doors/limits/listener.ts'
import { requestId } from './doors/request-id.ts'
import { errorHandler } from './errors/error-handler.ts'
import { answerUnknown } from './errors/not-found.ts'
import { logOutages } from './errors/outage-log.ts'
import { authOf, healthRoutes } from './health.ts'
import { parseJsonStrictly } from './json.ts'
import { type MetricsNeeds, metricsRoute } from './metrics.ts'
import { collectRoutes, openapiRoute } from './openapi.ts'
import { publicFiles } from './pages/public-dir.ts'
import { addPublicPath } from './public-path.ts'
import { countRequests, logRequests, readRequests } from './requests.ts'
import { traceRequests } from './traces.ts'
import { decodable } from './url.ts'
import { validatorCompiler } from './validation.ts'

interface RouteNeeds
  extends CreateNeeds,
    TaskNeeds,
    QueueNeeds,
    ScheduleNeeds,
    VideoNeeds,
    Omit<DoctorNeeds, 'door'>,
    ResumableNeeds,
    WebhookNeeds,
    BulkNeeds,
    MetricsNeeds,
    Omit<KeyNeeds, 'settings'> {
  needsWorker: boolean
  settings: BrowserSettings & ProxySettings & Pick<Config, 'PUBLIC_DIR' | 'ENVIRONMENT' | 'AUTH'>
}

interface HookNeeds {
  log: Logger
  limits: Limits
  refusals: Refusals
}

export type ServerNeeds = RouteNeeds & HookNeeds

// For JSON. Routes that take more override it; uploads are streamed past it.
const bodyLimit = 1024 * 1024

export async function buildServer({ log, limits, refusals, ...needs }: ServerNeeds) {
  const { TRUSTED_PROXIES: proxies } = needs.settings
  const { create, sockets } = listener(limits, proxies)
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    bodyLimit,
    serverFactory: create,
    forceCloseConnections: 'idle',
    // Our own hook answers with a problem and the usual headers instead.
    return503OnClosing: false,
    // A garbage id of any length is an unknown id (404); Node refuses longer URLs itself.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: maxHeaderSize },
    trustProxy: proxies ?? false,
    genReqId: requestId,
    rewriteUrl: ({ url = '' }) => decodable(url)
  })

  app.setValidatorCompiler(validatorCompiler as never)
  // No schema-based serialization: the types already check the routes' answers, and JSON.stringify is faster.
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  parseJsonStrictly(app)

  const drain = hangHooks(app, { log, limits, refusals, ...needs }, sockets)
  await addRoutes(app, needs)
  return { app, drain }
}

/** What each request passes beside its route: traces, doors, log, metrics, and the answers to errors. */
function hangHooks(app: FastifyInstance, needs: ServerNeeds, sockets: Iterable<Socket>) {
  const { log, settings, limits, refusals } = needs
  const outages = logOutages(log)
  app.addHook('onClose', async () => outages.close())
  traceRequests(app)
  const drain = hangDoors(app, settings, limits, sockets, { ...needs, proxy: proxySignIn(settings) }, refusals)
  addPublicPath(app, settings.PUBLIC_URL)
  readRequests(app)
  logRequests(app)
  countRequests(app, needs.metrics)
  app.setErrorHandler(errorHandler(outages, drain) as never)
  answerUnknown(app, settings.PUBLIC_DIR === undefined ? undefined : publicFiles(settings.PUBLIC_DIR))
  return drain
}

/** The routes of every feature, and those of the service itself. */
async function addRoutes(app: FastifyInstance, { needsWorker, settings, reads, ...needs }: RouteNeeds) {
  const count = taskCounter(reads.pool, internalKinds)
  await collectRoutes(app)
  await app.register(healthRoutes, { db: needs.db, needsWorker, auth: () => authOf(settings, needs.keyring) })
  await app.register(metricsRoute, needs)
  await app.register(createRoutes, needs)
  await app.register(countRoutes, { reads, count })
  await app.register(taskRoutes, { ...needs, reads })
  await app.register(whyRoutes, needs)
  await app.register(bulkRoutes, { ...needs, reads })
  await app.register(failureRoutes, { db: reads })
  await app.register(kindRoutes, needs)
  await app.register(taskDialect, needs)
  await app.register(queueRoutes, needs)
  await app.register(scheduleRoutes, needs)
  await app.register(workerRoutes, needs)
  await app.register(webhookRoutes, needs)
  await app.register(keyRoutes, { ...needs, settings })
  await app.register(auditRoutes, { db: reads })
  await app.register(doctorRoutes, {
    ...needs,
    db: reads,
    door: { ...needs.keyring, publicUrl: settings.PUBLIC_URL }
  })
  await app.register(aboutRoutes, { db: reads, environment: settings.ENVIRONMENT })
  await app.register(statsRoutes, { db: reads })
  await app.register(watchRoutes, {
    ...needs,
    reads,
    async more(app, sockets) {
      await app.register(liveRoutes, { ...needs, db: reads, count, sockets })
    }
  })
  await app.register(videoRoutes, needs)
  await app.register(resumableRoutes, needs)
  await app.register(clientJs)
  await app.register(dashboardRoutes)
  await app.register(openapiRoute)
  await app.register(docsRoutes)
}
