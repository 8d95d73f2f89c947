import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { v4 as uuid } from 'uuid'
import { blows, type Scene } from './blows.ts'
import { customers } from './clients/customers.ts'
import { openReceiver } from './clients/receiver.ts'
import { addSchedules, disableSchedules } from './clients/schedules.ts'
import { type History, readHistory, readLeftRows } from './history/history.ts'
import { deliverAll } from './history/messages.ts'
import { openLedger } from './ledger.ts'
import type { Step } from './plan.ts'
import type { Random } from './random.ts'
import { check } from './rules/checker.ts'
import type { Violation } from './rules/violation.ts'
import { settle, watchBacklog } from './service/backlog.ts'
import { type Cluster, openCluster } from './service/cluster.ts'
import type { Post } from './service/fleet.ts'
import { marked, send } from './service/processes.ts'
import { openService } from './service/service.ts'
import { stretchTripwires } from './service/tripwires.ts'

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
  const { random, workers, durable, keep, signal } = options
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-chaos-'))
  const run = uuid()
  const ledger = openLedger()
  const say = (line: string) => options.say(`${((Date.now() - ledger.began) / 1000).toFixed(1).padStart(7)} s  ${line}`)
  const journal = path.join(folder, 'journal')
  const posts: Post[] = []
  const ends: Ends = { chaos: new AbortController(), over: new AbortController() }
  const receiver = await openReceiver(ledger, random.fork())
  let cluster: Cluster | undefined

  try {
    cluster = await openCluster({ folder, durable, say })
    signal.throwIfAborted()
    const address = await openService({ cluster, run, folder, journal, workers, ledger, random, posts, signal })
    const [api, ...fleet] = posts as [Post, ...Post[]]
    await stretchTripwires(cluster)
    await receiver.addWebhooks(address)
    await addSchedules(address)
    say(`${workers} workers and the API are up; the chaos begins`)
    await disturb({ run, address, cluster, workers: fleet, api, ledger, say, over: ends.chaos.signal }, options, ends)

    const leftRows = await readLeftRows(cluster)
    await Promise.all(posts.map(post => post.stop()))
    const leftProcesses = await lastProcesses(run)
    const history: History = { ...(await readHistory(cluster, journal)), ledger, leftRows, leftProcesses }
    return { history, violations: check(history), folder }
  } finally {
    ends.chaos.abort()
    ends.over.abort()
    await Promise.all(posts.map(post => post.stop()))
    for (const { pid } of await marked(run)) send(pid, 'SIGKILL')
    await cluster?.stop()
    receiver.close()
    if (!keep) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

interface Ends {
  /** Nothing new is submitted, and no blow is dealt any more. */
  chaos: AbortController
  /** Nothing is waited for any more. */
  over: AbortController
}

/** Clients at work while blows fall, and then the wait until all their tasks are finished. */
async function disturb(scene: Scene, options: Options, { chaos, over }: Ends) {
  const { random, rate, patience, signal } = options
  const { address, cluster, ledger, say } = scene
  const backlog = watchBacklog(cluster, say)
  over.signal.addEventListener('abort', backlog.stop)
  const people = customers({
    ...{ address, ledger, rate, random: random.fork() },
    ...{ backlog: backlog.left, closing: chaos.signal, over: over.signal }
  })
  const struck = await vandalize(scene, options)
  chaos.abort()
  say('the chaos is over; waiting for unfinished tasks')
  await struck.ended
  await disableSchedules(cluster, signal)

  const settled = await settle(cluster, people.satisfied(), { patience, signal })
  over.abort()
  await people.satisfied()
  say(settled ? 'all tasks are finished' : `some tasks are not finished after ${patience} s`)
  if (!(await deliverAll(cluster, performance.now() + patience * 1000))) say('some messages are not delivered')
}

/** Deals the blows at their times. Some last while others fall; `ended` resolves when all are undone. */
async function vandalize(scene: Scene, { steps, seconds, signal }: Options) {
  const began = performance.now()
  const until = (at: number) => delay(Math.max(0, began + at - performance.now()), undefined, { signal })
  const struck: Promise<void>[] = []
  for (const { at, blow, random } of steps) {
    await until(at)
    struck.push(blows[blow](scene, random).catch(error => scene.say(`${blow}: ${error.message}`)))
  }
  await until(seconds * 1000)
  return { ended: Promise.all(struck) }
}

async function lastProcesses(run: string) {
  const end = performance.now() + lastBreath
  for (;;) {
    const left = await marked(run)
    if (left.length === 0 || performance.now() > end) return left
    await delay(50)
  }
}
