import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cpuOf, perTask } from './processes.ts'
import { median, percentile, startService } from './service.ts'

/**
 * What webhooks cost, API, worker, database and receiver on one machine: the trigger without any webhook (a drain with
 * and without it in turns, and inserts of one event each), the time from a task's end to its message at an idle
 * service, and a drain of which each task sends a message.
 *
 *   node scripts/bench/webhooks.ts [rounds] [tasks]
 */
const rounds = Number(process.argv[2] ?? 3)
const count = Number(process.argv[3] ?? 10_000)

const received = new Map<string, number>()
let deliveries = 0
const receiver = createServer((request, response) => {
  let text = ''
  request.on('data', chunk => {
    text += chunk
  })
  request.on('end', () => {
    response.writeHead(204).end()
    deliveries++
    received.set(JSON.parse(text).data.id, Date.now())
  })
}).listen(0, '127.0.0.1')

const tasks = await mkdtemp(path.join(tmpdir(), 'darkroom-bench-'))
await writeFile(
  path.join(tasks, 'noop.ts'),
  `import { defineTask } from 'darkroom'
import { Type } from 'typebox'

export default defineTask({ name: 'noop', args: Type.Object({}), run: () => null })
`
)
const service = await startService({ TASKS_DIR: tasks, LOG_LEVEL: 'warn', WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8' })
const { database, address } = service

await drain(2_000)
const rates: Record<string, number[]> = { 'no trigger': [], 'trigger, no webhook': [], 'a webhook for each task': [] }
const delivered: number[] = []
await insertEvents()
for (let round = 0; round < rounds; round++) {
  await toggle('disable')
  rates['no trigger']!.push(await drained())
  await toggle('enable')
  rates['trigger, no webhook']!.push(await drained())
  const id = await add()
  deliveries = 0
  const began = performance.now()
  const before = await cpuOf(service)
  rates['a webhook for each task']!.push(await drain(count))
  while (deliveries < count) await delay(10)
  console.log(`µs each, until all are delivered: ${perTask(before, await cpuOf(service), count)}`)
  delivered.push((deliveries * 1000) / (performance.now() - began))
  await fetch(`${address}/api/webhooks/${id}`, { method: 'DELETE' })
  console.log(
    Object.entries(rates)
      .map(([what, each]) => `${what} ${each.at(-1)!.toFixed(0)}/s`)
      .join(', ')
  )
}
for (const [what, each] of Object.entries(rates)) console.log(`${what}: ${median(each).toFixed(0)} tasks/s`)
console.log(`delivered: ${median(delivered).toFixed(0)}/s, with the time of the drain`)
await idle()
await service.stop()
await rm(tasks, { recursive: true })
receiver.closeAllConnections()
receiver.close()

/** With the CPU that each task took: the machine may be busy with other work. */
async function drained() {
  const before = await cpuOf(service)
  const rate = await drain(count)
  console.log(`µs each: ${perTask(before, await cpuOf(service), count)}`)
  return rate
}

async function toggle(verb: 'enable' | 'disable') {
  await database.query(`alter table darkroom.events ${verb} trigger tell_endings`)
}

async function add() {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  return (await call('/api/webhooks', { url })).id as string
}

async function call(url: string, body?: unknown) {
  const response = await fetch(`${address}${url}`, {
    method: 'POST',
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as any
}

/** Tasks a second, from the first start to the last end. */
async function drain(many: number) {
  await database.query('vacuum analyze pgboss.job_common')
  await call('/api/queues/default/pause')
  const bulk = { tasks: Array.from({ length: many }, () => ({ task: 'noop' })) }
  const { ids } = await call('/api/tasks/bulk', bulk)
  await call('/api/queues/default/resume')
  for (;;) {
    await delay(250)
    const { rows } = await database.query(
      `select count(finished_at)::int as done, extract(epoch from max(finished_at) - min(started_at))::float8 as seconds
      from darkroom.tasks where id = any($1)`,
      [ids]
    )
    if (rows[0].done === many) return many / rows[0].seconds
  }
}

/** Statements that insert one event each, the worst case of a trigger for each statement. */
async function insertEvents() {
  for (const verb of ['disable', 'enable', 'disable', 'enable'] as const) {
    await toggle(verb)
    const began = performance.now()
    await database.query(`do $$ begin
      for n in 1..20000 loop
        insert into darkroom.events (task_id, state) values ('01980000-0000-7000-8000-000000000000', 'STARTED');
      end loop;
    end $$`)
    console.log(`an event with the trigger ${verb}d: ${((performance.now() - began) / 20).toFixed(1)} µs`)
    await database.query(`delete from darkroom.events where task_id = '01980000-0000-7000-8000-000000000000'`)
  }
}

async function idle() {
  await add()
  const times: number[] = []
  for (let n = 0; n < 300; n++) {
    const { id } = await call('/api/tasks', { task: 'noop' })
    while (!received.has(id)) await delay(2)
    const { rows } = await database.query('select finished_at from darkroom.tasks where id = $1', [id])
    times.push(received.get(id)! - rows[0].finished_at.getTime())
    await delay(20)
  }
  console.log(
    `idle, from the transaction of the end to the receiver: p50 ${median(times)} ms, p99 ${percentile(times, 99)} ms`
  )
}
