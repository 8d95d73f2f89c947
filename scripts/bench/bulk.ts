import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openLine } from './line.ts'
import { post } from './load.ts'
import { cpuOf, perTask } from './processes.ts'
import { median, percentile, type Service, startService } from './service.ts'

/**
 * Acts on so many tasks at once: a retry of failed ones, its undo, and the same spread over an hour. While each runs,
 * other tasks are submitted one after another; how long they wait for their bodies to begin is compared with the same on
 * the idle service, in turns. The failed tasks are in a queue that is paused, so that nothing but the acts is measured.
 * Ends within 100 s, whatever is left: no round begins that would take longer than the time that remains.
 *
 *   node scripts/bench/bulk.ts [tasks] [rounds]
 */
const begun = performance.now()
const count = Number(process.argv[2] ?? 100_000)
const rounds = Number(process.argv[3] ?? 3)
// Milliseconds.
const whole = 100_000
const left = () => whole - (performance.now() - begun)

const tasks = await mkdtemp(path.join(tmpdir(), 'darkroom-bench-'))
await writeFile(
  path.join(tasks, 'stamp.ts'),
  `import { defineTask } from 'darkroom'
import { Type } from 'typebox'

export default defineTask({ name: 'stamp', args: Type.Object({}), run: () => performance.timeOrigin + performance.now() })
`
)
const service = await startService({ TASKS_DIR: tasks, LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn' })
const line = await openLine(service.address)
const rates = new Map<string, number[]>()
const delays = new Map<string, number[]>()
try {
  await send('/api/queues/low_priority/pause', {})
  await fillFailures(service)
  await pickups('warm', () => false, 50)
  let longest = 0
  for (let round = 0; round < rounds && left() > longest * 1.2 + 5_000; round++) {
    const from = performance.now()
    await pickups('idle', () => false, 100)
    const failed = { status: 'FAILED', queue: 'low_priority' }
    const retried = await measure('retry', { action: 'retry', filter: failed })
    await measure('undo of it', retried)
    if (left() < (performance.now() - from) * 1.2 + 5_000) break
    const spread = await measure('retry over an hour', { action: 'retry', filter: failed, over: 3600 })
    await measure('undo of that', spread)
    longest = performance.now() - from
  }
} finally {
  line.close()
  await service.stop()
  await rm(tasks, { recursive: true })
}

for (const [act, each] of rates)
  console.log(`${act}, median of ${each.length}: ${median(each).toFixed(0)} tasks a second, ${count} at once`)
for (const [when, each] of delays) {
  if (when === 'warm') continue
  const at = (p: number) => `p${p} ${percentile(each, p).toFixed(1)} ms`
  console.log(`request sent to body running, ${when}: ${at(50)}, ${at(99)} of ${each.length}`)
}

async function send(url: string, body: object): Promise<{ id: string; task_id: string }> {
  const response = await fetch(`${service.address}${url}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body)
  })
  if (!response.ok) throw new Error(`${url}: ${await response.text()}`)
  return (await response.json()) as never
}

/** Waits for an operation (or the undo of one) while other tasks come; returns its id. */
async function measure(act: string, wanted: object | string) {
  await service.database.query('vacuum analyze darkroom.tasks, pgboss.job_common, darkroom.events')
  await service.database.query('checkpoint')
  const before = await cpuOf(service)
  const url = typeof wanted === 'string' ? `/api/bulk-operations/${wanted}/undo` : '/api/bulk-operations'
  const { id, task_id } = await send(url, typeof wanted === 'string' ? {} : wanted)
  const deadline = Date.now() + left()
  let isOver = false
  const others = pickups(act, () => !isOver && Date.now() < deadline)
  const ended = await whenEnded(task_id, deadline)
  isOver = true
  await others
  const answer = await (await fetch(`${service.address}/api/bulk-operations/${id}`)).json()
  const { done, started_at, finished_at } = answer as { done: number; started_at: string; finished_at: string }
  if (!ended || done < count * 0.99) throw new Error(`${act}: ${JSON.stringify(answer)}`)
  const rate = (done / (Date.parse(finished_at) - Date.parse(started_at))) * 1000
  rates.set(act, [...(rates.get(act) ?? []), rate])
  console.log(`${act}: ${rate.toFixed(0)}/s (µs each: ${perTask(before, await cpuOf(service), done)})`)
  return id
}

async function whenEnded(task: string, deadline: number) {
  while (Date.now() < deadline) {
    const answer = await fetch(`${service.address}/api/tasks/${task}?wait=10`)
    const { state } = (await answer.json()) as { state: string }
    if (state === 'SUCCESS') return true
    if (state === 'FAILURE' || state === 'REVOKED') return false
  }
  return false
}

/** Submits a task, waits for it, and so on. */
async function pickups(when: string, goesOn: () => boolean, most = Number.POSITIVE_INFINITY) {
  const found = delays.get(when) ?? []
  delays.set(when, found)
  for (let sent = 0; sent < most && (most !== Number.POSITIVE_INFINITY || goesOn()); sent++) {
    const sentAt = performance.timeOrigin + performance.now()
    const { id } = await line.ask<{ id: string }>(post('/api/tasks', { task: 'stamp' }))
    await delay(15)
    const { result } = (await (await fetch(`${service.address}/api/tasks/${id}?wait=10`)).json()) as { result: number }
    found.push(result - sentAt)
    await delay(5)
  }
}

/** Tasks that failed within the last day, each with its job and its events. */
async function fillFailures({ database }: Service) {
  await database.query(
    `insert into darkroom.tasks (
      id, task, queue, state, args, attempts, result_expires, error, created_at, started_at, finished_at
    )
    select
      uuidv7(at - now()), 'stamp', 'low_priority', 'FAILURE', '{}', 1, 86400, '{"type": "Error", "message": "no"}', at,
      at + interval '10 ms', at + interval '100 ms'
    from (select now() - (($1 - number) * interval '500 ms') as at from generate_series(1, $1::int) number) task`,
    [count]
  )
  await database.query(
    `insert into pgboss.job (
      id, name, data, policy, retry_limit, expire_seconds, deletion_seconds, keep_until, state, created_on, started_on,
      completed_on
    )
    select
      id, queue, jsonb_build_object('task', task), 'standard', 2147483647, 2147483647, result_expires, 'infinity',
      'failed', created_at, started_at, finished_at
    from darkroom.tasks where state = 'FAILURE' order by id`
  )
  await database.query(
    `insert into darkroom.events (task_id, at, state, attempt)
    select id, at, change.state, attempt from (select * from darkroom.tasks where state = 'FAILURE' order by id) task
    cross join lateral (
      values (created_at, 'PENDING', 0), (started_at, 'STARTED', 1), (finished_at, 'FAILURE', 1)
    ) change (at, state, attempt)`
  )
}
