import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import { watchProblems } from '#doctor/alerts/watcher.ts'
import { publishKinds } from '#kinds/publish.ts'
import { openMetrics, type Snapshot } from '#metrics/metrics.ts'
import { openSecrets } from '#secrets/master.ts'
import { openSampler } from '#stats/sampler.ts'
import { DiskStore } from '#storage/disk.ts'
import { pairWithStore } from '#storage/installation.ts'
import type { Kinds } from '#tasks/define.ts'
import { openTelemetry } from '#telemetry/open.ts'
import { publishRungs } from '#videos/make/publish-rungs.ts'
import { openBodies } from './bodies/bodies.ts'
import { openBooks } from './books/books.ts'
import { startClock } from './clock/clock.ts'
import { openConnections } from './connections.ts'
import { openCouriers } from './couriers.ts'
import { openEars } from './ears.ts'
import { mustHaveEncoders } from './encoders.ts'
import { serveHealth } from './health.ts'
import { heartbeat } from './heartbeat.ts'
import { openIntake } from './intake/intake.ts'
import type { Media } from './media.ts'
import { stopping } from './stopping.ts'

interface StartWorkerOptions {
  /** Id at the start; changes when another worker declares this one lost. */
  id: string
  url: string
  config: Config
  kinds: Kinds
  log: Logger
  /** Of the machine, not of a try to start: see `proveMedia`. */
  media: Media
  version: string
  /** Environment of the child processes. */
  env: NodeJS.ProcessEnv
  /** Requests this worker's end, after a shutdown in its row or without a database. */
  end(why: string, code: 0 | 1): void
}

export interface Worker {
  readonly id: string
  /** Takes no new work; running attempts get so many seconds and are then handed back, uncounted. */
  stop(graceSeconds: number): Promise<void>
  /** What it has counted. */
  counted(): Promise<Snapshot>
}

/**
 * A worker has three parts, and a task goes through each once: intake claims it, bodies run it, books write its ending.
 */
export async function startWorker(options: StartWorkerOptions): Promise<Worker> {
  const { url, config, kinds, log, media } = options
  // Closed in reverse: when the worker stops, or at once when a part fails to open.
  await using opened = new AsyncDisposableStack()
  function open<Part extends { close(): unknown }>(part: Part) {
    opened.defer(async () => void (await part.close()))
    return part
  }

  const secrets = await openSecrets(config.DATA_DIR, config.SECRET_KEY_FILE)
  const connections = open(openConnections(url))
  // Early, as the port may be in use.
  const metrics = open(openMetrics())
  const sampler = open(openSampler({ pool: connections.work.pool, metrics, log }))
  open(await openTelemetry({ config, log, process: 'worker', counted: metrics.snapshot }))
  const health = open(await serveHealth(config, async () => sampler.foldNow().then(metrics.text)))
  await pairWithStore(connections.work, open(new DiskStore(config.DATA_DIR)))
  await Promise.all([
    mustHaveEncoders(config),
    publishKinds(connections.work.pool, kinds, config.RESULT_EXPIRES),
    publishRungs(connections.work.pool, config)
  ])
  const books = open(openBooks({ ...options, connections, media, metrics }))
  await books.worker.clear()
  const bodies = open(await openBodies({ ...options, connections, books, media }))
  const intake = open(await openIntake({ config, kinds, log, connections, books, bodies }))
  const heart = open(heartbeat({ ...options, connections, books, bodies, intake }))
  const { DATA_DIR: dataDir, HISTORY_EXPIRES: historyExpires } = config
  open(watchProblems({ db: connections.work, dataDir, historyExpires, log }))
  const clock = open(await startClock({ log, db: connections.work, kinds, config, voice: books.voice }))
  const couriers = open(openCouriers({ db: connections.work, config, secrets, log }))
  open(await openEars({ log, db: connections.work, books, bodies, intake, heart, clock, couriers }))

  await bodies.ready()
  await books.worker.register(intake.queues(), intake.concurrency())

  const parts = opened.move()
  const stop = stopping({ intake, bodies, books, clock, couriers, close: () => parts.disposeAsync() })
  intake.start()
  heart.start()
  health.readyIf(() => books.isLeaseKept() && intake.isAnswered(), media.sandbox)
  log.info(
    { worker: books.worker.id, queues: intake.queues(), concurrency: intake.concurrency(), health: health.address },
    'worker ready'
  )

  return {
    get id() {
      return books.worker.id
    },
    stop,
    counted: metrics.snapshot
  }
}
