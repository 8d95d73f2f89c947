import { get, load, post } from './load.ts'
import { cpuOf, perTask } from './processes.ts'
import { percentile, startService } from './service.ts'

/**
 * What the API takes with 32 connections, worker and database on the same machine, every answer durable: single
 * submissions, bulk submissions, reads of one task.
 *
 *   node scripts/bench/requests.ts [seconds]
 */
const seconds = Number(process.argv[2] ?? 10)
const service = await startService({ LOG_LEVEL: 'warn' })

await run('warm-up', 3, () => post('/api/tasks/process', { data: 'hello' }))
await run('POST /api/tasks/process', seconds, () => post('/api/tasks/process', { data: 'hello' }))
await drained()

const tasks = Array.from({ length: 10_000 }, () => ({ task: 'process_data', args: { data: 'hello' } }))
const started = performance.now()
const batches = 4
for (let batch = 0; batch < batches; batch++) {
  const response = await fetch(`${service.address}/api/tasks/bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tasks })
  })
  if (response.status !== 201) throw new Error(await response.text())
}
const rate = (batches * tasks.length) / ((performance.now() - started) / 1000)
console.log(`POST /api/tasks/bulk: ${rate.toFixed(0)} tasks/s`)
await drained()

const { rows } = await service.database.query('select id from darkroom.tasks limit 1000')
let next = 0
await run('GET /api/tasks/{id}', seconds, () => get(`/api/tasks/${rows[next++ % rows.length].id}`))
await service.stop()

async function run(what: string, length: number, request: () => Buffer) {
  const [before, own] = [await cpuOf(service), process.cpuUsage()]
  const { statuses, waits, seconds } = await load(service.address, 32, length, request)
  const { user, system } = process.cpuUsage(own)
  const client = ((user + system) / waits.length).toFixed(0)
  const used = perTask(before, await cpuOf(service), waits.length)
  const codes = [...statuses].map(([status, count]) => `${count} x ${status}`).join(', ')
  const latency = [50, 99].map(p => `p${p} ${percentile(waits, p).toFixed(1)} ms`).join(', ')
  console.log(`${what}: ${(waits.length / seconds).toFixed(0)}/s (${codes}; ${latency})`)
  console.log(`  (µs each: ${used}, the client ${client})`)
}

/** Waits until the worker has drained the queue, so that one measurement does not slow the next. */
async function drained() {
  const left = async () =>
    Number(
      (await service.database.query(`select count(*) from pgboss.job where name = 'default' and state < 'completed'`))
        .rows[0].count
    )
  const begun = performance.now()
  const before = await left()
  while ((await left()) > 0) await new Promise(resolve => setTimeout(resolve, 200))
  const took = (performance.now() - begun) / 1000
  if (before > 0)
    console.log(
      `  (the worker was done with the ${before} that were left ${took.toFixed(1)} s later: ${(before / took).toFixed(0)}/s)`
    )
}
