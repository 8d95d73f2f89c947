import { access } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { chooseAccount, openTheWay } from './embedded/account.ts'
import { findBinaries } from './embedded/binaries.ts'
import { clusterFolder, createCluster, findCluster, makeHome, type Role, sweepUnfinished } from './embedded/cluster.ts'
import { EmbeddedError } from './embedded/error.ts'
import { claim, isPassing } from './embedded/owner.ts'
import {
  ensurePostmaster,
  findPostmaster,
  type Launch,
  type Postmaster,
  stopPostmaster
} from './embedded/postmaster.ts'
import { createOurs, createSeats, isRefused, separateSuperuser, urlFor } from './embedded/roles.ts'

export interface Embedded {
  /** As the owner of the tables: for migrations and commands. */
  url: string
  /** As the role of API and workers. */
  appUrl: string
  stop(): Promise<void>
}

interface EmbeddedOptions {
  dataDir: string
  log: (message: string) => void
  /** False in tests, whose data may be lost in a power failure. */
  durable?: boolean
  /** Cancels the start and stops what it has started. */
  signal?: AbortSignal
}

/** The Postgres in DATA_DIR/postgres: created, started, or found running; until `stop` no other process may own it. */
export async function openEmbedded({ dataDir, log, durable = true, signal }: EmbeddedOptions): Promise<Embedded> {
  const launch = await prepare({ dataDir: path.resolve(dataDir), log, durable })
  signal?.throwIfAborted()
  const stopping = new AbortController()
  let { postmaster, client, ended } = await own({ ...launch, signal })
  let regaining: Promise<void> | undefined
  let stopped: Promise<void> | undefined

  try {
    signal?.throwIfAborted()
    await sweepUnfinished(launch.dataDir)
  } catch (error) {
    await stop()
    throw error
  }
  const url = await urlFor(launch.dataDir, postmaster.port)
  const appUrl = await urlFor(launch.dataDir, postmaster.port, { role: 'app' })
  guard()

  return { url, appUrl, stop: () => (stopped ??= stop()) }

  // The lock is lost when the server is killed, or restarts after a crash of one of its processes.
  function guard() {
    void ended.then(() => {
      if (!stopping.signal.aborted) regaining = regain()
    })
  }

  async function regain() {
    log('Postgres has stopped; restarting it')
    while (!stopping.signal.aborted) {
      try {
        const again = { ...launch, port: postmaster.port, signal: stopping.signal }
        ;({ postmaster, client, ended } = await own(again))
        log('Postgres is back')
        return guard()
      } catch (error) {
        if (stopping.signal.aborted) return
        log(`Postgres could not be restarted, retrying in 5 s: ${(error as Error).message}`)
        await sleep(5_000, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  }

  async function stop() {
    stopping.abort()
    await regaining
    // Holds the lock until the server is gone, so that the next owner does not connect to a server that is stopping.
    const running = await findPostmaster(launch.dataDir)
    if (running) await stopPostmaster(launch.dataDir, running.pid)
    await client.end().catch(() => {})
  }
}

/** URL of the running server on this data, undefined without one. Starts nothing. */
export async function findEmbedded(dataDir: string, role: Role = 'owner'): Promise<string | undefined> {
  const home = path.resolve(dataDir)
  const running = await findPostmaster(home)
  return running?.status === 'ready' ? urlFor(home, running.port, { role }) : undefined
}

/** Whether DATA_DIR holds a database, running or not. */
export async function hasEmbedded(dataDir: string): Promise<boolean> {
  return access(path.join(clusterFolder(path.resolve(dataDir)), 'PG_VERSION')).then(
    () => true,
    () => false
  )
}

async function prepare({ dataDir, log, durable }: Omit<Required<EmbeddedOptions>, 'signal'>): Promise<Launch> {
  const binaries = await findBinaries()
  await makeHome(dataDir)
  const folder = clusterFolder(dataDir)
  const missing = (await findCluster(dataDir, binaries)) === 'missing'

  const account = await openTheWay(await chooseAccount(folder), { binaries, folder: missing ? dataDir : folder, log })
  if (missing) {
    log(`Making a database in ${folder}`)
    await createCluster(dataDir, { binaries, account, durable })
  }
  return { dataDir, binaries, account, durable, log }
}

interface Owned {
  postmaster: Postmaster
  client: pg.Client
  /** Resolves when the connection ends, and with it the lock. */
  ended: Promise<unknown>
}

async function own(launch: Launch): Promise<Owned> {
  const { dataDir } = launch
  const deadline = performance.now() + 60_000

  while (true) {
    const postmaster = await ensurePostmaster(launch)
    try {
      const claimed = await claim(await urlFor(dataDir, postmaster.port, { role: 'superuser', name: 'postgres' }))
      if ('client' in claimed) {
        const { client } = claimed
        const ended = new Promise(resolve => client.once('end', resolve))
        await createOurs(client, dataDir, launch.account)
        await createSeats(client)
        return { postmaster, client, ended }
      }
      throw new EmbeddedError(
        `Another Darkroom server (${claimed.taken}) is using ${dataDir}: stop it first, or set DATA_DIR to another folder`
      )
    } catch (error) {
      if (isRefused(error)) await separateSuperuser(dataDir, postmaster.port, launch.account)
      else if (!isPassing(error) || performance.now() > deadline) throw error
      await sleep(20)
    }
  }
}
