import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fillHistory } from './history.ts'
import { load, post } from './load.ts'
import { cpuOf, perTask } from './processes.ts'
import { median, startService } from './service.ts'

/**
 * How fast a worker with the default settings gets through tasks that do nothing, API, worker and database on the same
 * machine: tasks that come over HTTP from 32 connections, from the first submission to the last end, and tasks that
 * were all there before it begins. With a history, the same once more with so many finished tasks in the tables.
 *
 *   node scripts/bench/drain.ts [rounds] [over HTTP] [queued] [history]
 */
const rounds = Number(process.argv[2] ?? 3)
const submitted = Number(process.argv[3] ?? 5_000)
const queued = Number(process.argv[4] ?? 50_000)
const history = Number(process.argv[5] ?? 0)

const tasks = await mkdtemp(path.join(tmpdir(), 'darkroom-bench-'))
await writeFile(
  path.join(tasks, 'noop.ts'),
  `import { defineTask } from 'darkroom'
import { Type } from 'typebox'

export default defineTask({ name: 'noop', args: Type.Object({}), run: () => null })
`
)
const service = await startService({ TASKS_DIR: tasks, LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn' })
const { database } = service

await submit(2_000)
await finished('process_data', 2_000, 'created_at', new Date(0))

const fresh = await measure()
if (history > 0) {
  await fillHistory(database, history)
  const full = await measure()
  console.log(
    `with ${history} finished tasks: ${percent(full.http / fresh.http)} over HTTP, ${percent(full.queue / fresh.queue)} queued`
  )
}
await service.stop()
await rm(tasks, { recursive: true })

async function measure() {
  const overHttp: number[] = []
  const fromQueue: number[] = []
  for (let round = 0; round < rounds; round++) {
    const since = await settleDown()
    const before = await cpuOf(service)
    await submit(submitted)
    overHttp.push(await finished('process_data', submitted, 'created_at', since))
    const used = perTask(before, await cpuOf(service), submitted)
    console.log(`over HTTP: ${overHttp.at(-1)!.toFixed(0)}/s (µs each: ${used})`)

    const sinceQueued = await settleDown()
    await steer('pause')
    for (let left = queued; left > 0; left -= 10_000) await bulk(Math.min(left, 10_000))
    const beforeQueued = await cpuOf(service)
    await steer('resume')
    fromQueue.push(await finished('noop', queued, 'started_at', sinceQueued))
    const usedQueued = perTask(beforeQueued, await cpuOf(service), queued)
    console.log(`queued: ${fromQueue.at(-1)!.toFixed(0)}/s (µs each: ${usedQueued})`)
  }
  console.log(`${submitted} process_data over HTTP, median: ${median(overHttp).toFixed(0)}/s`)
  console.log(`${queued} noop already queued, median: ${median(fromQueue).toFixed(0)}/s`)
  return { http: median(overHttp), queue: median(fromQueue) }
}

async function submit(count: number) {
  let left = count
  const { statuses } = await load(service.address, 32, 60, () => {
    return left-- > 0 ? post('/api/tasks/process', { data: 'hello' }) : undefined
  })
  if (statuses.get('202') !== count) throw new Error(`not all were accepted: ${JSON.stringify([...statuses])}`)
}

async function bulk(count: number) {
  const response = await fetch(`${service.address}/api/tasks/bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tasks: Array.from({ length: count }, () => ({ task: 'noop' })) })
  })
  if (response.status !== 201) throw new Error(await response.text())
}

async function steer(verb: 'pause' | 'resume') {
  const response = await fetch(`${service.address}/api/queues/default/${verb}`, { method: 'POST' })
  if (!response.ok) throw new Error(await response.text())
}

/** Tasks a second, from the first submission or the first beginning to the last end, once all are over. */
async function finished(task: string, count: number, begin: 'created_at' | 'started_at', since: Date): Promise<number> {
  for (let looks = 1_200; looks > 0; looks--) {
    const { rows } = await database.query<{ open: boolean }>(
      `select exists (select from pgboss.job where name = 'default' and state < 'completed') as open`
    )
    if (!rows[0]!.open) {
      const { rows } = await database.query<{ done: number; seconds: number }>(
        `select count(*)::int as done, extract(epoch from max(finished_at) - min(${begin}))::float8 as seconds
         from darkroom.tasks where task = $1 and state = 'SUCCESS' and created_at >= $2`,
        [task, since]
      )
      const { done, seconds } = rows[0]!
      if (done !== count) throw new Error(`${done} of ${count} ended well`)
      return done / seconds
    }
    await delay(50)
  }
  throw new Error('the worker was not done within a minute')
}

/** So that no round pays for the one before. Answers the database's time. */
async function settleDown(): Promise<Date> {
  await database.query('vacuum analyze pgboss.job_common')
  await database.query('checkpoint')
  return (await database.query<{ now: Date }>('select clock_timestamp() as now')).rows[0]!.now
}

function percent(ratio: number) {
  return `${(ratio * 100).toFixed(0)} %`
}
