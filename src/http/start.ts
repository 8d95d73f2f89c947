import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import { connect, type Database, throughIndexes } from '#database/connect.ts'
import { listen } from '#database/listen.ts'
import { publishKinds, withdrawKinds } from '#kinds/publish.ts'
import { findMediaTools } from '#media/binaries.ts'
import { queueNames } from '#queue/names.ts'
import { openSampler } from '#stats/sampler.ts'
import { DiskStore } from '#storage/disk.ts'
import { pairWithStore } from '#storage/installation.ts'
import { channels } from '#tasks/channels.ts'
import type { Kinds } from '#tasks/define.ts'
import { type Watching, watchTasks } from '#tasks/read/watch.ts'
import { submitter } from '#tasks/submit/submitter.ts'
import { expirer } from '#tasks/upkeep/expirer.ts'
import { voiceOf } from '#tasks/voice.ts'
import { keepFailures } from '#videos/queries.ts'
import { addressError } from './address.ts'
import { type Limits, productionLimits } from './doors/limits.ts'
import { buildServer } from './server.ts'

interface ApiNeeds {
  url: string
  config: Config
  kinds: Kinds
  log: Logger
  needsWorker: boolean
  limits?: Limits
}

export interface Api {
  app: FastifyInstance
  db: Database
  watching: Watching
  /** Binds the address; until then only injected requests are answered. */
  listen(): Promise<string>
  /** Seconds that running requests get to finish; then they are cut off. */
  stop(graceSeconds: number): Promise<void>
}

// Connections in the pool; the default of Postgres is 100 for all processes together.
const connections = 16
// For lists, counts and charts: a wall of dashboards waits for itself, and not submissions for it.
const connectionsToRead = 4
// An open psql transaction may hold a row for an hour. Requests that wait for it must not use up the connections.
const settings = { ...throughIndexes, lock_timeout: '3s' }

export async function startApi(needs: ApiNeeds): Promise<Api> {
  const { url, config, kinds, log, needsWorker, limits = productionLimits } = needs
  // Closed in reverse order: at the stop, or at once when a later part fails to open.
  await using opened = new AsyncDisposableStack()
  const store = new DiskStore(config.DATA_DIR)
  opened.defer(() => store.close())
  const db = connect(url, { name: 'darkroom api', max: connections, settings })
  opened.defer(db.close)
  const reads = connect(url, {
    name: 'darkroom api reads',
    max: connectionsToRead,
    settings: { ...settings, statement_timeout: '10s' }
  })
  opened.defer(reads.close)
  await pairWithStore(db, store)
  await publishKinds(db.pool, kinds, config.RESULT_EXPIRES)
  await withdrawKinds(db.pool, kinds)
  opened.defer(openSampler({ pool: db.pool, log }).close)
  const deadlines = expirer({ pool: db.pool, onExpired: ids => voice.changed(...ids) })
  const voice = voiceOf(db.pool, deadlines.by)
  opened.defer(voice.flush)
  opened.defer(deadlines.stop)
  const watching = watchTasks(db)
  opened.defer(watching.close)

  const ears = await listen({
    url,
    name: 'darkroom api ears',
    channels: {
      [channels.changed]: watching.hear,
      [channels.deadline]: payload => deadlines.by(Math.min(...payload.split(',').map(Number)))
    },
    onReconnect() {
      watching.lookAgain()
      deadlines.by(0)
    },
    onError: error => log.warn({ err: error }, 'the LISTEN connection was lost; reconnecting')
  })
  opened.defer(ears.close)

  const processVideo = kinds.get('process_video')!
  const { app, drain } = await buildServer({
    settings: config,
    limits,
    db,
    reads,
    kinds,
    log,
    needsWorker,
    processVideo,
    queues: queueNames(db),
    defaults: { resultExpires: config.RESULT_EXPIRES },
    scheduleDefaults: { timezone: config.TIMEZONE },
    maxUploadBytes: config.MAX_UPLOAD_BYTES,
    uploadExpires: config.UPLOAD_EXPIRES,
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
  let stopped: Promise<void> | undefined
  return {
    app,
    db,
    watching,
    async listen() {
      await app.listen({ host: config.HOST, port: config.PORT }).catch(error => {
        throw addressError(error, config)
      })
      const { port } = app.server.address() as AddressInfo
      const host = config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST
      return `http://${host}:${port}`
    },
    stop(graceSeconds) {
      const cut = setTimeout(() => {
        const unfinished = drain.cut()
        const requests = unfinished === 1 ? 'a request' : `${unfinished} requests`
        if (unfinished > 0) log.warn(`the API cut ${requests} that had not finished in ${graceSeconds} s`)
      }, graceSeconds * 1000)
      stopped ??= open.disposeAsync()
      return stopped.finally(() => clearTimeout(cut))
    }
  }
}
