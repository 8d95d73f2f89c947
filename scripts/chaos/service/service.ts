import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger } from '../ledger.ts'
import type { Random } from '../random.ts'
import type { Cluster } from './cluster.ts'
import { fill, type Post } from './fleet.ts'
import { marker } from './processes.ts'

interface ServiceNeeds {
  cluster: Cluster
  /** Marks the processes of this run. */
  run: string
  folder: string
  /** Where bodies write what they did. */
  journal: string
  workers: number
  ledger: Ledger
  random: Random
  /** Gets the API, then the workers. */
  posts: Post[]
  signal: AbortSignal
}

/** Starts API and workers, and answers the address once all of them are ready. */
export async function openService({
  cluster: { url },
  run,
  folder,
  journal,
  workers,
  ledger,
  random,
  posts,
  signal
}: ServiceNeeds) {
  const port = await freePort(random.fork())
  const logs = path.join(folder, 'logs')
  await mkdir(logs)
  const env = {
    PATH: process.env.PATH,
    [marker]: run,
    CHAOS_JOURNAL: journal,
    DATABASE_URL: url,
    DATA_DIR: path.join(folder, 'media'),
    TASKS_DIR: path.join(import.meta.dirname, '../tasks'),
    PORT: String(port),
    WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8',
    WORKER_CONCURRENCY: '2',
    // Low, so that children are also replaced during the run.
    WORKER_MAX_TASKS_PER_CHILD: '50'
  }
  const post = (name: string, command: string[], sign: string, more = {}) =>
    posts.push(fill({ name, command, env: { ...env, ...more }, sign, folder: logs, ledger, random: random.fork() }))
  post('api', ['api', '--grace', '2'], 'answers: http')
  for (let number = 1; number <= workers; number++) {
    // Workers that claim ahead die with tasks that they hold and have not started.
    const ahead = number % 2 === 0 ? { WORKER_PREFETCH_MULTIPLIER: '4' } : {}
    post(`worker-${number}`, ['worker', '--grace', '2'], '"worker ready"', ahead)
  }
  for (let tries = 600; !posts.every(({ ready }) => ready); tries--) {
    signal.throwIfAborted()
    if (tries === 0) throw new Error(`API and workers were not ready within a minute; see ${logs}`)
    await delay(100)
  }
  return `http://127.0.0.1:${port}`
}

/** Below the ephemeral range: while the API is down, no connection can take its port. */
async function freePort(random: Random): Promise<number> {
  const probe = createServer().listen(random.whole(20_000, 30_000), '127.0.0.1')
  try {
    await once(probe, 'listening')
    return (probe.address() as AddressInfo).port
  } catch {
    return freePort(random)
  } finally {
    probe.close()
  }
}
