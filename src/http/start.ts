import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { openRefusals, type Refusals } from '#audit/refusals.ts'
import type { Config } from '#config.ts'
import type { Database } from '#database/connect.ts'
import { watchProblems } from '#doctor/alerts/watcher.ts'
import { tickets } from '#keys/ticket.ts'
import { publishKinds, withdrawKinds } from '#kinds/publish.ts'
import { findMediaTools } from '#media/binaries.ts'
import { openMetrics, type Snapshot } from '#metrics/metrics.ts'
import { guardOf } from '#outbound/guard.ts'
import { queueNames } from '#queue/names.ts'
import { openSecrets } from '#secrets/master.ts'
import { openSampler } from '#stats/sampler.ts'
import { DiskStore } from '#storage/disk.ts'
import { pairWithStore } from '#storage/installation.ts'
import type { Kinds } from '#tasks/define.ts'
import { type Watching, watchTasks } from '#tasks/read/watch.ts'
import { submitter } from '#tasks/submit/submitter.ts'
import { webhooksIn } from '#tasks/submit/webhooks.ts'
import { expirer } from '#tasks/upkeep/expirer.ts'
import { voiceOf } from '#tasks/voice.ts'
import { publishRungs } from '#videos/publish-rungs.ts'
import { keepFailures } from '#videos/queries.ts'
import { listenOn } from './address.ts'
import { openConnections } from './connections.ts'
import { type Limits, productionLimits } from './doors/limits.ts'
import { openDoor } from './doors/open.ts'
import { openEars } from './ears.ts'
import { buildServer } from './server.ts'
import type { Drain } from './stopping.ts'

interface ApiNeeds {
  url: string
  config: Config
  kinds: Kinds
  log: Logger
  needsWorker: boolean
  limits?: Limits
  workerMetrics?: () => Promise<Snapshot[]>
}

export interface Api {
  app: FastifyInstance
  db: Database
  watching: Watching
  refusals: Refusals
  /** Binds the address; until then only injected requests are answered. */
  listen(): Promise<string>
  /** Seconds that running requests get to finish; then they are cut off. */
  stop(graceSeconds: number): Promise<void>
}

export async function startApi(needs: ApiNeeds): Promise<Api> {
  const { url, config, kinds, log, needsWorker, workerMetrics, limits = productionLimits } = needs
  // Closed in reverse order: at the stop, or at once when a later part fails to open.
  await using opened = new AsyncDisposableStack()
  const secrets = await openSecrets(config.DATA_DIR, config.SECRET_KEY_FILE)
  const store = new DiskStore(config.DATA_DIR)
  opened.defer(() => store.close())
  const { db, reads } = openConnections(url)
  opened.defer(db.close)
  opened.defer(reads.close)
  await pairWithStore(db, store)
  await publishKinds(db.pool, kinds, config.RESULT_EXPIRES)
  await withdrawKinds(db.pool, kinds)
  const metrics = openMetrics()
  opened.defer(metrics.close)
  const sampler = openSampler({ pool: db.pool, metrics, log })
  opened.defer(sampler.close)
  await publishRungs(db.pool, config)
  const alerts = watchProblems({ db, dataDir: config.DATA_DIR, historyExpires: config.HISTORY_EXPIRES, log })
  opened.defer(alerts.close)
  const deadlines = expirer({ pool: db.pool, onExpired: ids => voice.changed(...ids) })
  const voice = voiceOf(db.pool, deadlines.by)
  opened.defer(voice.flush)
  opened.defer(deadlines.stop)
  const keyring = await openDoor({ db, config, log })
  opened.defer(keyring.close)
  const watching = watchTasks(db)
  opened.defer(watching.close)
  const ears = await openEars({ url, watching, deadlines, keyring, log })
  opened.defer(ears.close)

  const refusals = openRefusals({ db, log })
  opened.defer(refusals.close)

  const processVideo = kinds.get('process_video')!
  const { app, drain } = await buildServer({
    settings: config,
    keyring,
    tickets: tickets(secrets('tickets')),
    limits,
    refusals,
    db,
    reads,
    kinds,
    log,
    needsWorker,
    metrics,
    sampler,
    workerMetrics,
    processVideo,
    queues: queueNames(db),
    webhooks: webhooksIn(db.pool),
    guard: guardOf({ open: config.WEBHOOK_ALLOW_NETWORKS, database: url, port: config.PORT }),
    defaults: { resultExpires: config.RESULT_EXPIRES },
    scheduleDefaults: { timezone: config.TIMEZONE },
    onReceived: metrics.uploaded,
    maxUploadBytes: config.MAX_UPLOAD_BYTES,
    uploadExpires: config.UPLOAD_EXPIRES,
    secrets,
    playback: config.PLAYBACK,
    mediaUrl: config.MEDIA_URL ?? config.PUBLIC_URL,
    store,
    dataDir: config.DATA_DIR,
    findMedia: () => findMediaTools({ ffmpegPath: config.FFMPEG_PATH, ffprobePath: config.FFPROBE_PATH }),
    submit: submitter(db.pool, voice),
    voice,
    watching,
    beforeForgetting: keepFailures
  })
  opened.defer(() => app.close())
  await app.ready()

  const open = opened.move()
  return {
    app,
    db,
    watching,
    refusals,
    listen: () => listenOn(app, config),
    stop: stopOnce(() => open.disposeAsync(), drain, log)
  }
}

function stopOnce(close: () => Promise<void>, drain: Drain, log: Logger) {
  let stopped: Promise<void> | undefined
  return (graceSeconds: number) => {
    const cut = setTimeout(() => {
      const unfinished = drain.cut()
      const requests = unfinished === 1 ? 'a request' : `${unfinished} requests`
      if (unfinished > 0) log.warn(`the API cut ${requests} that had not finished in ${graceSeconds} s`)
    }, graceSeconds * 1000)
    stopped ??= close()
    return stopped.finally(() => clearTimeout(cut))
  }
}
