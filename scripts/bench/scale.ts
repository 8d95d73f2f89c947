import { setTimeout as delay } from 'node:timers/promises'
import { days, fillHistory } from './history.ts'
import { get, load, post } from './load.ts'
import { median, percentile, type Service, startService } from './service.ts'

/**
 * What a long history costs: one service with hardly any and one with so many finished tasks take turns at submissions,
 * at starting a task, and at the pages of the list. Then the second one forgets some of its history, in runs of
 * `expire_results`, while a client submits a task every 20 ms.
 *
 *   node scripts/bench/scale.ts [finished tasks] [tasks to forget] [turns]
 */
const count = Number(process.argv[2] ?? 10_000_000)
const old = Number(process.argv[3] ?? 1_000_000)
const turns = Number(process.argv[4] ?? 5)

// Enough for full pages of a list.
const few = 2_000
const house = 'expire_results'
// Of the history, the oldest tasks are past this.
const HISTORY_EXPIRES = String(Math.round(days * 86_400 * (1 - old / count)))
const env = { WORKER_CONCURRENCY: '1', LOG_LEVEL: 'warn', HISTORY_EXPIRES }
const [small, full] = [await startService(env), await startService(env)]
try {
  await call(full, 'PATCH', `/api/schedules/${house}`, { enabled: false })
  await fillHistory(small.database, few)
  await fillHistory(full.database, count)
  await settle(full)
  await compare()
  await forget()
} finally {
  await Promise.all([small.stop(), full.stop()])
}

/** What the disk has yet to write, and autovacuum, would slow down the first questions. */
async function settle({ database }: Service) {
  await delay(60_000)
  for (;;) {
    const { rows } = await database.query(`select from pg_stat_activity where backend_type = 'autovacuum worker'`)
    if (rows.length === 0) return
    await delay(5_000)
  }
}

async function compare() {
  const questions: [string, (service: Service) => Promise<number>][] = [
    ['submissions a second', submissions],
    ['pickup, ms', pickup],
    ['list, ms', service => answer(service, '/api/tasks?limit=50')],
    ['list of failures, ms', service => answer(service, '/api/tasks?limit=50&state=FAILURE')],
    ['list of a kind, ms', service => answer(service, '/api/tasks?limit=50&task=kind_1')]
  ]
  for (const [name, ask] of questions) {
    const found = new Map<Service, number[]>([
      [small, []],
      [full, []]
    ])
    for (let turn = -1; turn < turns; turn++) {
      for (const service of turn % 2 ? [small, full] : [full, small]) {
        const value = await ask(service)
        if (turn >= 0) found.get(service)!.push(value)
      }
    }
    const [before, after] = [median(found.get(small)!), median(found.get(full)!)]
    console.log(
      `${name}: ${before.toFixed(2)} among ${few}, ${after.toFixed(2)} among ${count}: ${(after / before).toFixed(2)} x`
    )
  }
}

async function submissions({ address, database }: Service) {
  await database.query(`select ops.pause_queue('high_priority')`)
  const request = post('/api/tasks', { task: 'add', args: { x: 1, y: 2 }, queue: 'high_priority' })
  const { statuses, seconds } = await load(address, 32, 4, () => request)
  return (statuses.get('201') ?? 0) / seconds
}

/** Milliseconds from the request to the start of the body. */
async function pickup(service: Service) {
  const waits: number[] = []
  for (let number = 0; number < 40; number++) {
    const sent = Date.now()
    const { id } = await call<{ id: string }>(service, 'POST', '/api/tasks', { task: 'add', args: { x: 1, y: 2 } })
    const { started_at } = await call<{ started_at: string }>(service, 'GET', `/api/tasks/${id}?wait=10`)
    waits.push(Date.parse(started_at) - sent)
  }
  return median(waits)
}

async function answer({ address }: Service, path: string) {
  const { waits } = await load(address, 1, 2, () => get(path))
  return median(waits)
}

/** Runs until one finds nothing more. */
async function forget() {
  const probe = submitSteadily(full)
  const begun = performance.now()
  let [seconds, forgotten] = [0, 0]
  for (;;) {
    const { task_id } = await call<{ task_id: string }>(full, 'POST', `/api/schedules/${house}/run`)
    let task: { finished_at: string | null; result: { tasks: number } }
    do task = await call(full, 'GET', `/api/tasks/${task_id}?wait=30`)
    while (!task.finished_at)
    if (task.result.tasks < 100) break
    forgotten += task.result.tasks
    seconds = (performance.now() - begun) / 1000
  }
  const waits = await probe.stop()
  console.log(
    `${forgotten} tasks forgotten in ${seconds.toFixed(0)} s, ${(forgotten / seconds).toFixed(0)}/s; submissions beside it: p50 ${median(waits).toFixed(1)} ms, p99 ${percentile(waits, 99).toFixed(1)} ms, slowest ${Math.max(...waits).toFixed(0)} ms`
  )
}

function submitSteadily(service: Service) {
  const waits: number[] = []
  let isOver = false
  const submitted = (async () => {
    while (!isOver) {
      const sent = performance.now()
      await call(service, 'POST', '/api/tasks', { task: 'add', args: { x: 1, y: 2 } })
      waits.push(performance.now() - sent)
      await delay(20)
    }
  })()
  return {
    async stop() {
      isOver = true
      await submitted
      return waits
    }
  }
}

async function call<Answer>({ address }: Service, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${address}${path}`, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Answer
}
