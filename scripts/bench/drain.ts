import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { throughIndexes } from '../../src/database/connect.ts'
import { fillHistory } from './history.ts'
import { load, post } from './load.ts'
import { cpuOf, perTask } from './processes.ts'
import { median, type Service, startService } from './service.ts'

/**
 * Throughput of a worker with the default settings on tasks that do nothing, API, worker and database on the same
 * machine: tasks that come over HTTP from 32 connections, from the first submission to the last end, and tasks that
 * were all queued before the worker starts. With a history, a second service with that many finished tasks in its
 * tables takes turns with the first: the speed of the machine changes from minute to minute, so only runs side by side
 * compare.
 *
 *   node scripts/bench/drain.ts [rounds] [over HTTP] [queued] [history]
 */
const rounds = Number(process.argv[2] ?? 3)
const submitted = Number(process.argv[3] ?? 5_000)
const queued = Number(process.argv[4] ?? 50_000)
const history = Number(process.argv[5] ?? 0)

// Queried twenty times a second during the measurement: in two halves that each have an index, and in the form of a
// worker's query, so that Postgres uses it. Otherwise each query reads a table with a million finished jobs, on all
// cores.
const openText = `select
  exists (select from pgboss.job where name = 'default' and state < 'active' and not blocked)
  or exists (select from pgboss.job where name = 'default' and state = 'active') as open`

const tasks = await mkdtemp(path.join(tmpdir(), 'darkroom-bench-'))
await writeFile(
  path.join(tasks, 'noop.ts'),
  `import { defineTask } from 'darkroom'
import { Type } from 'typebox'

export default defineTask({ name: 'noop', args: Type.Object({}), run: () => null })
`
)

const fresh = await open()
const full = history > 0 ? await open(history) : undefined
for (let round = 0; round < rounds; round++) {
  if (full) console.log('fresh')
  await measure(fresh)
  if (!full) continue
  console.log(`with ${history} finished tasks`)
  await measure(full)
}
console.log(`${submitted} process_data over HTTP, median: ${median(fresh.overHttp).toFixed(0)}/s`)
console.log(`${queued} noop already queued, median: ${median(fresh.fromQueue).toFixed(0)}/s`)
if (full) {
  const ratios = (of: number[], to: number[]) => of.map((rate, round) => rate / to[round]!)
  const overHttp = ratios(full.overHttp, fresh.overHttp)
  const fromQueue = ratios(full.fromQueue, fresh.fromQueue)
  console.log(`with ${history} finished tasks, over HTTP: ${percents(overHttp)}; queued: ${percents(fromQueue)}`)
}
await fresh.service.stop()
await full?.service.stop()
await rm(tasks, { recursive: true })

interface Measured {
  service: Service
  overHttp: number[]
  fromQueue: number[]
}

async function open(count = 0): Promise<Measured> {
  const service = await startService({ TASKS_DIR: tasks, LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn' })
  const { database } = service
  if (count > 0) await fillHistory(database, count)
  for (const [setting, value] of Object.entries(throughIndexes)) await database.query(`set ${setting} = '${value}'`)
  await submit(service, 2_000)
  await finished(service, 'process_data', 2_000, 'created_at', new Date(Date.now() - 60_000))
  return { service, overHttp: [], fromQueue: [] }
}

async function measure({ service, overHttp, fromQueue }: Measured) {
  const since = await settleDown(service)
  const before = await cpuOf(service)
  await submit(service, submitted)
  overHttp.push(await finished(service, 'process_data', submitted, 'created_at', since))
  const used = perTask(before, await cpuOf(service), submitted)
  console.log(`over HTTP: ${overHttp.at(-1)!.toFixed(0)}/s (µs each: ${used})`)

  const sinceQueued = await settleDown(service)
  await steer(service, 'pause')
  for (let left = queued; left > 0; left -= 10_000) await bulk(service, Math.min(left, 10_000))
  const beforeQueued = await cpuOf(service)
  await steer(service, 'resume')
  fromQueue.push(await finished(service, 'noop', queued, 'started_at', sinceQueued))
  const usedQueued = perTask(beforeQueued, await cpuOf(service), queued)
  console.log(`queued: ${fromQueue.at(-1)!.toFixed(0)}/s (µs each: ${usedQueued})`)
}

async function submit({ address }: Service, count: number) {
  let left = count
  const { statuses } = await load(address, 32, 60, () => {
    return left-- > 0 ? post('/api/tasks/process', { data: 'hello' }) : undefined
  })
  if (statuses.get('202') !== count) throw new Error(`not all were accepted: ${JSON.stringify([...statuses])}`)
}

async function bulk({ address }: Service, count: number) {
  const response = await fetch(`${address}/api/tasks/bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tasks: Array.from({ length: count }, () => ({ task: 'noop' })) })
  })
  if (response.status !== 201) throw new Error(await response.text())
}

async function steer({ address }: Service, verb: 'pause' | 'resume') {
  const response = await fetch(`${address}/api/queues/default/${verb}`, { method: 'POST' })
  if (!response.ok) throw new Error(await response.text())
}

/** Tasks a second, from the first submission or the first start to the last end, once all have finished. */
async function finished(
  { database }: Service,
  task: string,
  count: number,
  begin: 'created_at' | 'started_at',
  since: Date
): Promise<number> {
  for (let looks = 1_200; looks > 0; looks--) {
    const { rows } = await database.query<{ open: boolean }>(openText)
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

/** Between two rounds, so that none pays for the one before. Returns the database's time. */
async function settleDown({ database }: Service): Promise<Date> {
  await database.query('vacuum analyze pgboss.job_common')
  await database.query('checkpoint')
  return (await database.query<{ now: Date }>('select clock_timestamp() as now')).rows[0]!.now
}

function percents(ratios: number[]) {
  const each = ratios.map(ratio => (ratio * 100).toFixed(0)).join(', ')
  return `${(median(ratios) * 100).toFixed(0)} % (${each})`
}
