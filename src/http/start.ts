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
import { observer } from '#stats/observe.ts'
import { openSampler } from '#stats/sampler.ts'
import { DiskStore } from '#storage/disk.ts'
import { pairWithStore } from '#storage/installation.ts'
import type { Kinds } from '#tasks/define.ts'
import { type Watching, watchTasks } from '#tasks/read/watch.ts'
import { submitter } from '#tasks/submit/submitter.ts'
import { webhooksIn } from '#tasks/submit/webhooks.ts'
import { expirer } from '#tasks/upkeep/expirer.ts'
import { voiceOf } from '#tasks/voice.ts'
import { openTelemetry } from '#telemetry/open.ts'
import { publishRungs } from '#videos/make/publish-rungs.ts'
import { keepFailures } from '#videos/queries.ts'
import { openStandby } from '#webhooks/delivery/standby.ts'
import { webhookKey } from '#webhooks/secret.ts'
import { listenOn } from './address.ts'
import { openConnections } from './connections.ts'
import { openDoor } from './doors/gate/open.ts'
import { type Limits, productionLimits } from './doors/limits/limits.ts'
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
  const { config, log, limits = productionLimits, needsWorker, workerMetrics } = needs
  // Closed in reverse order: at the stop, or at once when a later part fails to open.
  await using opened = new AsyncDisposableStack()
  function open<Part extends { close(): unknown }>(part: Part) {
    opened.defer(async () => void (await part.close()))
    return part
  }

  const parts = await openParts(needs, open)
  const { db, watching, refusals } = parts
  const settings = settingsOf(needs, parts)
  const { app, drain } = await buildServer({ ...settings, ...parts, limits, log, needsWorker, workerMetrics })
  open(app)
  await app.ready()

  const running = opened.move()
  return {
    app,
    db,
    watching,
    refusals,
    listen: () => listenOn(app, config),
    stop: stopOnce(() => running.disposeAsync(), drain, log)
  }
}

type Open = <Part extends { close(): unknown }>(part: Part) => Part

/** Everything that an API opens and has to close, in that order. */
async function openParts({ url, config, kinds, log }: ApiNeeds, open: Open) {
  const secrets = await openSecrets(config.DATA_DIR, config.SECRET_KEY_FILE)
  const store = open(new DiskStore(config.DATA_DIR))
  const { db, reads } = openConnections(url)
  open(db)
  open(reads)
  await pairWithStore(db, store)
  await publishKinds(db.pool, kinds, config.RESULT_EXPIRES)
  await withdrawKinds(db.pool, kinds)
  const metrics = open(openMetrics())
  const sampler = open(openSampler({ pool: db.pool, metrics, log }))
  const observe = observer({ pool: reads.pool, sampler, log })
  const counted = async () => {
    // First: it counts what this process's snapshot then has.
    const gauges = await observe()
    return [...(await metrics.snapshot()), ...gauges]
  }
  open(await openTelemetry({ config, log, process: 'api', counted }))
  await publishRungs(db.pool, config)
  open(watchProblems({ db, dataDir: config.DATA_DIR, historyExpires: config.HISTORY_EXPIRES, log }))
  const deadlines = expirer({ pool: db.pool, onExpired: ids => voice.changed(...ids) })
  const voice = voiceOf(db.pool, deadlines.by)
  open({ close: voice.flush })
  open({ close: deadlines.stop })
  const keyring = open(await openDoor({ db, config, log }))
  const watching = open(watchTasks(db))
  open(await openEars({ url, watching, deadlines, keyring, log }))
  const refusals = open(openRefusals({ db, log }))
  const { WEBHOOK_PROXY: proxy, PUBLIC_URL: publicUrl } = config
  const guard = guardOf({ open: config.WEBHOOK_ALLOW_NETWORKS, database: url, port: config.PORT })
  open(openStandby({ db, guard, proxy, key: webhookKey(secrets), publicUrl, log }))
  return { secrets, store, db, reads, metrics, observe, voice, keyring, watching, refusals, guard }
}

type Parts = Awaited<ReturnType<typeof openParts>>

/** What routes need besides, made of the settings. */
function settingsOf({ config, kinds }: ApiNeeds, { db, secrets, metrics, voice }: Parts) {
  return {
    settings: config,
    tickets: tickets(secrets('tickets')),
    kinds,
    processVideo: kinds.get('process_video')!,
    queues: queueNames(db),
    webhooks: webhooksIn(db.pool),
    defaults: { resultExpires: config.RESULT_EXPIRES },
    scheduleDefaults: { timezone: config.TIMEZONE },
    onReceived: metrics.uploaded,
    maxUploadBytes: config.MAX_UPLOAD_BYTES,
    uploadExpires: config.UPLOAD_EXPIRES,
    playback: config.PLAYBACK,
    rungs: config.RUNGS,
    codecs: config.CODECS,
    mediaUrl: config.MEDIA_URL ?? config.PUBLIC_URL,
    dataDir: config.DATA_DIR,
    findMedia: () => findMediaTools({ ffmpegPath: config.FFMPEG_PATH, ffprobePath: config.FFPROBE_PATH }),
    submit: submitter(db.pool, voice),
    beforeForgetting: keepFailures
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
