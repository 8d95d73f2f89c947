import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { v4 as uuid } from 'uuid'
import { internalKinds } from '#tasks/internal.ts'
import { blows, type Scene } from './blows.ts'
import { check } from './checker.ts'
import { type Cluster, openCluster } from './cluster.ts'
import { customers } from './customers.ts'
import { fill, type Post } from './fleet.ts'
import { type History, readHistory, readLeftRows } from './history.ts'
import { openLedger } from './ledger.ts'
import { deliverAll } from './messages.ts'
import type { Step } from './plan.ts'
import { marked, marker, send } from './processes.ts'
import type { Random } from './random.ts'
import { openReceiver } from './receiver.ts'
import { list } from './report.ts'
import { addSchedules, disableSchedules } from './schedules.ts'
import { stretchTripwires } from './tripwires.ts'
import type { Violation } from './violation.ts'

export interface Options {
  random: Random
  seconds: number
  steps: Step[]
  workers: number
  /** Orders a second. */
  rate: number
  /** Seconds that the tasks have to finish once the chaos is over. */
  patience: number
  /** Whether Postgres waits for the disk. */
  durable: boolean
  /** Leave data and logs where they are. */
  keep: boolean
  say(line: string): void
  signal: AbortSignal
}

export interface Outcome {
  history: History
  violations: Violation[]
  /** Where data and logs are, if `keep` was set. */
  folder: string
}

// Watchdogs need a moment to kill the processes of a worker that has ended; what is left after this is a leak.
const lastBreath = 3_000

/** Runs a service under blows for some minutes, lets it finish its tasks, and checks the history. */
export async function runChaos(options: Options): Promise<Outcome> {
  const { random, seconds, steps, workers, rate, patience, durable, keep, signal } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-chaos-'))
  const run = uuid()
  const ledger = openLedger()
  const say = (line: string) => options.say(`${((Date.now() - ledger.began) / 1000).toFixed(1).padStart(7)} s  ${line}`)
  const journal = path.join(folder, 'journal')
  const posts: Post[] = []
  const chaos = new AbortController()
  const over = new AbortController()
  const receiver = await openReceiver(ledger, random.fork())
  let cluster: Cluster | undefined

  try {
    cluster = await openCluster({ folder, durable, say })
    signal.throwIfAborted()
    const address = await openService(cluster)
    const [api, ...fleet] = posts as [Post, ...Post[]]
    await stretchTripwires(cluster)
    await receiver.addWebhooks(address)
    await addSchedules(address)
    say(`${workers} workers and the API are up; the chaos begins`)

    const scene: Scene = { run, address, cluster, workers: fleet, api, ledger, say, over: chaos.signal }
    let backlog = 0
    const watching = watch(cluster, left => {
      backlog = left
    })
    over.signal.addEventListener('abort', watching.stop)
    const people = customers({
      address,
      ledger,
      random: random.fork(),
      rate,
      backlog: () => backlog,
      closing: chaos.signal,
      over: over.signal
    })
    const struck = await vandalize(scene)
    chaos.abort()
    say('the chaos is over; waiting for unfinished tasks')
    await struck.ended
    await disableSchedules(cluster, signal)

    const settled = await settle(cluster, people.satisfied())
    over.abort()
    await people.satisfied()
    say(settled ? 'all tasks are finished' : `some tasks are not finished after ${patience} s`)
    if (!(await deliverAll(cluster, performance.now() + patience * 1000))) say('some messages are not delivered')

    const leftRows = await readLeftRows(cluster)
    await Promise.all(posts.map(post => post.stop()))
    const leftProcesses = await lastProcesses()
    const history: History = { ...(await readHistory(cluster, journal)), ledger, leftRows, leftProcesses }
    return { history, violations: check(history), folder }
  } finally {
    chaos.abort()
    over.abort()
    await Promise.all(posts.map(post => post.stop()))
    for (const { pid } of await marked(run)) send(pid, 'SIGKILL')
    await cluster?.stop()
    receiver.close()
    if (!keep) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }

  async function openService({ url }: Cluster) {
    const port = await freePort(random.fork())
    const logs = path.join(folder, 'logs')
    await mkdir(logs)
    const env = {
      PATH: process.env.PATH,
      [marker]: run,
      CHAOS_JOURNAL: journal,
      DATABASE_URL: url,
      DATA_DIR: path.join(folder, 'media'),
      TASKS_DIR: path.join(import.meta.dirname, 'tasks'),
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

  /** Deals the blows at their times. Some last while others fall; `ended` resolves when all are undone. */
  async function vandalize(scene: Scene) {
    const began = performance.now()
    const until = (at: number) => delay(Math.max(0, began + at - performance.now()), undefined, { signal })
    const struck: Promise<void>[] = []
    for (const { at, blow, random } of steps) {
      await until(at)
      struck.push(blows[blow](scene, random).catch(error => say(`${blow}: ${error.message}`)))
    }
    await until(seconds * 1000)
    return { ended: Promise.all(struck) }
  }

  /** Counts unfinished tasks each second and prints a line every five. */
  function watch({ ask }: Cluster, onBacklog: (left: number) => void) {
    let before = { finished: 0, at: performance.now() }
    let looks = 0
    let looking = false
    const timer = setInterval(async () => {
      if (looking) return
      looking = true
      const rows = await ask<{ state: string; count: number }>(
        'select state, count(*)::int as count from darkroom.tasks group by state'
      )
      looking = false
      if (!rows) return
      const counts = Object.fromEntries(rows.map(({ state, count }) => [state, count]))
      onBacklog((counts.PENDING ?? 0) + (counts.STARTED ?? 0) + (counts.RETRY ?? 0))
      if (looks++ % 5 > 0) return
      const finished = (counts.SUCCESS ?? 0) + (counts.FAILURE ?? 0) + (counts.REVOKED ?? 0)
      const now = { finished, at: performance.now() }
      const rate = ((now.finished - before.finished) / (now.at - before.at)) * 1000
      say(`${rate.toFixed(0)} tasks/s; ${list(counts)}`)
      before = now
    }, 1_000)
    return { stop: () => clearInterval(timer) }
  }

  async function settle({ ask }: Cluster, satisfied: Promise<void>) {
    const end = performance.now() + patience * 1000
    let asking = true
    void satisfied.then(() => {
      asking = false
    })
    while (performance.now() < end) {
      signal.throwIfAborted()
      const rows = await ask<{ left: boolean }>(
        `select exists (select from darkroom.tasks where finished_at is null and task <> all($1))
          or exists (select from darkroom.deadlines where expires_at < now() - interval '1 second') as left`,
        [internalKinds]
      )
      if (!asking && rows?.[0]?.left === false) return true
      await delay(200)
    }
    return false
  }

  async function lastProcesses() {
    const end = performance.now() + lastBreath
    for (;;) {
      const left = await marked(run)
      if (left.length === 0 || performance.now() > end) return left
      await delay(50)
    }
  }
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
