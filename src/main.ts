import { once } from 'node:events'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { Logger } from 'pino'
import { v7 as uuid } from 'uuid'
import { loadKinds } from '#catalogue/catalogue.ts'
import { type Config, withoutSecrets } from '#config.ts'
import { findEmbedded, openEmbedded } from '#database/embedded.ts'
import { beginOn } from '#database/reach.ts'
import { checkAddress } from '#http/address.ts'
import { writeAddress } from '#http/address-file.ts'
import type { Api } from '#http/start.ts'
import { openLogger } from '#logging/logger.ts'
import { answerMetrics } from '#metrics/relay.ts'
import { isForTasks } from '#queue/names.ts'
import { checkDataDir } from '#storage/data-dir.ts'
import type { Kinds } from '#tasks/define.ts'
import { endDeadNeighbours } from '#workers/presence.ts'
import { run, type Stop } from './lifecycle.ts'
import { migrate } from './migrate.ts'
import { superviseWorker } from './supervise.ts'
import { version } from './version.ts'

// The API loads no code of the worker's, and the worker none of HTTP.

// Seconds. Long enough for short tasks to finish; a film is handed back and starts again.
const defaultGrace = 10

/** API and worker in the foreground, and the embedded Postgres where no DATABASE_URL is set. */
export async function runServer(config: Config, grace = defaultGrace) {
  const log = await openLogger(config.LOG_LEVEL)
  return run(log, grace, async (started, signal) => {
    const { url, kinds } = await openService(config, log, started, signal)
    // API and worker stop at the same time, so that each has the whole grace; the database stops after them.
    const both: Stop[] = []
    started.push(graceSeconds => stopTogether(both, graceSeconds))
    // The worker takes longest to start; the API starts meanwhile.
    const worker = superviseWorker({ url, log, grace })
    both.push(worker.stop)
    const { startApi } = await import('#http/start.ts')
    const api = await beginOn(url, { log, signal }, () =>
      startApi({
        ...{ url, config, kinds, log, needsWorker: true },
        // A port of its own would be asked, too, and its counts then be there twice.
        ...(config.WORKER_HEALTH_PORT === undefined && { workerMetrics: worker.metrics })
      })
    )
    both.push(api.stop)
    // The row of a killed server's worker would pass for the worker that this server waits for.
    await beginOn(url, { log, signal }, () => endDeadNeighbours(api.db.pool))
    signal.throwIfAborted()
    const address = await listen(api, config, started)
    await Promise.race([worker.ready, once(signal, 'abort')])
    signal.throwIfAborted()
    log.info(`Darkroom ${version} is ready: ${address}`)
  })
}

export async function runApi(config: Config, grace = defaultGrace) {
  const log = await openLogger(config.LOG_LEVEL)
  return run(log, grace, async (started, signal) => {
    const { url, kinds } = await openService(config, log, started, signal)
    const { startApi } = await import('#http/start.ts')
    const api = await beginOn(url, { log, signal }, () => startApi({ url, config, kinds, log, needsWorker: false }))
    started.push(api.stop)
    signal.throwIfAborted()
    log.info(`Darkroom ${version} answers: ${await listen(api, config, started)}`)
  })
}

/** A worker alone, or that of a server, which has checked DATA_DIR and sends the URL of the database on stdin. */
export async function runWorker(config: Config, { grace = defaultGrace, isSupervised }: WorkerOptions) {
  const log = await openLogger(config.LOG_LEVEL)
  return run(log, grace, async (started, signal, end) => {
    const sent = isSupervised ? text(process.stdin) : undefined
    if (!isSupervised) await checkDataDir(config.DATA_DIR, log)
    const kinds = await findKinds(config, signal)
    const url = (await sent) || (await findDatabase(config))
    const { proveMedia } = await import('#runner/media.ts')
    const { startWorker } = await import('#runner/start.ts')
    const [media] = await Promise.all([
      proveMedia({ config, kinds, log }),
      prepare(url, { config, kinds, log, signal })
    ])
    const needs = { id: uuid(), url, config, kinds, log, media, version, env: withoutSecrets(process.env), end }
    const worker = await beginOn(url, { log, signal }, () => startWorker(needs))
    started.push(worker.stop)
    if (isSupervised) answerMetrics(worker.counted)
    process.send?.('ready')
  })
}

interface WorkerOptions {
  grace?: number | undefined
  isSupervised: boolean
}

export async function runMigrate(config: Config) {
  const log = await openLogger(config.LOG_LEVEL)
  return run(log, 0, async (started, signal) => {
    if (config.DATABASE_URL === undefined) await checkDataDir(config.DATA_DIR, log)
    const { ownerUrl: url } = await openDatabase(config, log, started, signal)
    const applied = await beginOn(url, { log, signal }, () => migrate(url, [], message => log.warn(message)))
    log.info(applied.length > 0 ? `applied ${applied.join(', ')}` : 'nothing to do')
    return 'done'
  })
}

/** Commands on this machine find the API by the file that says where it listens. */
async function listen(api: Api, { DATA_DIR }: Config, started: Stop[]) {
  const address = await api.listen()
  started.push(await writeAddress(DATA_DIR, address))
  return address
}

async function stopTogether(stops: Stop[], graceSeconds: number) {
  const ends = await Promise.allSettled(stops.map(stop => stop(graceSeconds)))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** What an API needs before it starts: an address that it may have, its folder, the kinds, and a migrated database. */
async function openService(config: Config, log: Logger, started: Stop[], signal: AbortSignal) {
  await checkAddress(config)
  await checkDataDir(config.DATA_DIR, log)
  const kinds = await findKinds(config, signal)
  const { url, ownerUrl } = await openDatabase(config, log, started, signal)
  await prepare(ownerUrl, { config, kinds, log, signal })
  return { url, kinds }
}

interface Opened {
  /** For API and workers. */
  url: string
  /** For migrations and commands. */
  ownerUrl: string
}

/** DATABASE_URL, else the embedded Postgres, which stops with this process, also in the middle of its start. */
export async function openDatabase(config: Config, log: Logger, started: Stop[], signal: AbortSignal): Promise<Opened> {
  if (config.DATABASE_URL) return { url: config.DATABASE_URL, ownerUrl: config.DATABASE_URL }
  const opening = openEmbedded({ dataDir: config.DATA_DIR, log: message => log.info(message), signal })
  started.push(async () => {
    const opened = await opening.catch(() => undefined)
    await opened?.stop()
  })
  const embedded = await opening
  const { username, host, pathname } = new URL(embedded.url)
  const password = path.join(config.DATA_DIR, 'postgres/darkroom.password')
  log.info(`the database is postgres://${username}@${host}${pathname}, its password in ${password}`)
  return { url: embedded.appUrl, ownerUrl: embedded.url }
}

/** DATABASE_URL, else the embedded Postgres that a server on the same DATA_DIR runs. */
async function findDatabase(config: Config) {
  const url = config.DATABASE_URL ?? (await findEmbedded(config.DATA_DIR, 'app'))
  if (url) return url
  throw new Error(`There is no database: set DATABASE_URL, or start "scripts/server" on ${config.DATA_DIR} first`)
}

/** Every kind, before anything runs: a module that does not load, or a queue of Darkroom's own, stops the start. */
async function findKinds(config: Config, signal: AbortSignal): Promise<Kinds> {
  const ours = config.WORKER_QUEUES?.find(name => !isForTasks(name))
  if (ours) throw new Error(`WORKER_QUEUES must not name the queue "${ours}": it is Darkroom's own`)
  const kinds = await loadKinds(config, signal)
  const wrong = [...kinds.values()].filter(({ queue }) => !isForTasks(queue))
  if (wrong.length === 0) return kinds
  throw new Error(
    wrong
      .map(
        ({ name, queue, file }) =>
          `${file} must not use the queue "${queue}" for the task "${name}": it is Darkroom's own`
      )
      .join('\n')
  )
}

async function prepare(url: string, { config, kinds, log, signal }: Prepared) {
  const queues = [...[...kinds.values()].map(({ queue }) => queue), ...(config.WORKER_QUEUES ?? [])]
  const applied = await beginOn(url, { log, signal }, () => migrate(url, queues, message => log.warn(message)))
  if (applied.length > 0) log.info(`applied migrations: ${applied.join(', ')}`)
  signal.throwIfAborted()
}

interface Prepared {
  config: Config
  kinds: Kinds
  log: Logger
  signal: AbortSignal
}
