import { setTimeout as delay } from 'node:timers/promises'
import type { Blow, Ledger } from './ledger.ts'
import type { Random } from './random.ts'
import type { Cluster } from './service/cluster.ts'
import type { Post } from './service/fleet.ts'
import { marked, send } from './service/processes.ts'

export interface Scene {
  run: string
  address: string
  cluster: Cluster
  workers: Post[]
  api: Post
  ledger: Ledger
  say(line: string): void
  /** Aborted when the chaos is over: blows that last are then undone at once. */
  over: AbortSignal
}

type Strike = (scene: Scene, random: Random) => Promise<void>

/** What is done to the service. A blow undoes its own damage where the service cannot recover from it alone. */
export const blows = {
  'kill a worker': async (scene, random) => {
    const worker = random.pick(scene.workers)
    note(scene, 'kill -9 of a worker', worker.name, { pid: worker.end('SIGKILL'), deadly: true })
  },

  // Longer than its lease: other workers take its tasks over, and then it wakes up.
  'freeze a worker': async (scene, random) => {
    const worker = random.pick(scene.workers)
    const seconds = random.between(12, 18)
    if (worker.frozen) return
    note(scene, 'SIGSTOP to a worker', `${worker.name} for ${seconds.toFixed(0)} s`, {
      pid: worker.freeze(),
      deadly: true
    })
    await lasting(scene, seconds)
    worker.thaw()
  },

  'stop a worker': async (scene, random) => {
    const worker = random.pick(scene.workers)
    // A frozen worker would get the signal only when it is thawed, too late for this blow.
    if (worker.frozen) return
    note(scene, 'SIGTERM to a worker', worker.name, { pid: worker.end('SIGTERM') })
  },

  'kill a child': async (scene, random) => {
    await killOne(scene, random, 'child.ts', 'a child process')
  },

  'kill a watchdog': async (scene, random) => {
    await killOne(scene, random, 'read -r verb group', 'a watchdog')
  },

  'kill the API': async scene => {
    note(scene, 'kill -9 of the API', '', { pid: scene.api.end('SIGKILL') })
  },

  'stop the API': async scene => {
    note(scene, 'SIGTERM to the API', '', { pid: scene.api.end('SIGTERM') })
  },

  'kill Postgres': async scene => {
    note(scene, 'kill -9 of Postgres', '', { pid: await scene.cluster.hit('SIGKILL'), outage: true, crash: true })
  },

  'restart Postgres fast': async scene => {
    note(scene, 'fast restart of Postgres', '', { pid: await scene.cluster.hit('SIGINT'), outage: true })
  },

  'restart Postgres immediately': async scene => {
    note(scene, 'immediate restart of Postgres', '', {
      pid: await scene.cluster.hit('SIGQUIT'),
      outage: true,
      crash: true
    })
  },

  // The postmaster then ends all other backends and recovers.
  'kill a backend': async (scene, random) => {
    const pids = await backends(scene)
    if (pids.length === 0) return
    const pid = random.pick(pids)
    if (send(pid, 'SIGKILL')) note(scene, 'kill -9 of a backend of Postgres', '', { pid, outage: true, crash: true })
  },

  'terminate some backends': async (scene, random) => {
    const pids = random.shuffled(await backends(scene)).slice(0, random.whole(1, 4))
    await scene.cluster.ask('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [pids])
    note(scene, 'some backends terminated', `${pids.length}`)
  },

  'terminate all backends': async scene => {
    await scene.cluster.ask('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [await backends(scene)])
    note(scene, 'all backends terminated', '')
  },

  // An outage that is longer than a lease: no worker may be marked lost for it.
  'refuse connections': async (scene, random) => {
    const seconds = random.between(11, 15)
    const pids = await backends(scene)
    await scene.cluster.besides('alter database darkroom with allow_connections false')
    await scene.cluster.besides('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [pids])
    note(scene, 'the database refuses connections', `for ${seconds.toFixed(0)} s`, { outage: true })
    await lasting(scene, seconds)
    await allowConnections(scene)
  },

  'pause a queue': async (scene, random) => {
    const queue = random.pick(['default', 'chaos', 'high_priority', 'low_priority'])
    const seconds = random.between(1, 5)
    await fetch(`${scene.address}/api/queues/${queue}/pause`, { method: 'POST' }).catch(() => {})
    note(scene, 'a queue is paused', `${queue} for ${seconds.toFixed(0)} s`)
    await lasting(scene, seconds)
    await resume(scene, queue)
  }
} satisfies Record<string, Strike>

export type BlowName = keyof typeof blows

/** `target` appears in the output only; the report counts blows by `what`. */
function note({ ledger, say }: Scene, what: string, target: string, more: Partial<Blow> = {}) {
  // Its process had just ended, so nothing was hit.
  if ('pid' in more && more.pid === undefined) return
  ledger.blows.push({ at: Date.now(), what, ...more })
  say([what, target, more.pid === undefined ? '' : `pid ${more.pid}`].filter(Boolean).join(', '))
}

async function killOne(scene: Scene, random: Random, command: string, what: string) {
  const worker = random.pick(scene.workers)
  const { pid } = worker
  if (pid === undefined) return
  const children = (await marked(scene.run)).filter(each => each.parent === pid && each.command.includes(command))
  if (children.length === 0) return
  const child = random.pick(children)
  if (send(child.pid, 'SIGKILL')) note(scene, `kill -9 of ${what}`, `of ${worker.name}`, { pid: child.pid })
}

async function backends({ cluster }: Scene) {
  const rows = await cluster.ask<{ pid: number }>(
    `select pid from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend' and application_name <> 'chaos'
    order by pid`
  )
  return (rows ?? []).map(({ pid }) => pid)
}

async function lasting({ over }: Scene, seconds: number) {
  await delay(seconds * 1000, undefined, { signal: over }).catch(() => {})
}

async function allowConnections({ cluster }: Pick<Scene, 'cluster'>) {
  await cluster.besides('alter database darkroom with allow_connections true')
}

/** Repeats until it is answered, since another blow may have killed the API: a paused queue would never drain. */
async function resume({ address }: Pick<Scene, 'address'>, queue: string) {
  for (let tries = 100; tries > 0; tries--) {
    const response = await fetch(`${address}/api/queues/${queue}/resume`, { method: 'POST' }).catch(() => undefined)
    if (response?.ok) return
    await delay(200)
  }
}
