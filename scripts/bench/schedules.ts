import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findEmbedded } from '../../src/database/embedded.ts'
import { load, post } from './load.ts'
import { median, percentile, type Service, startService } from './service.ts'

/**
 * How late schedules fire, with two workers: so many due in the same second, and a hundred of every second for some
 * minutes. What a hundred firings a second take from the rate of submissions. Then how many transactions an idle
 * service with a thousand enabled schedules makes, and how long its event loops stall.
 *
 *   node scripts/bench/schedules.ts [at once] [minutes of every second] [idle seconds] [turns of submissions]
 */
const atOnce = Number(process.argv[2] ?? 1_000)
const minutes = Number(process.argv[3] ?? 10)
const idle = Number(process.argv[4] ?? 60)
const turns = Number(process.argv[5] ?? 5)

// Each process but the children says once a second how long its event loop stalled.
const notes = await mkdtemp(path.join(tmpdir(), 'darkroom-bench-'))
await writeFile(
  path.join(notes, 'stall.mjs'),
  `import { appendFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

const command = process.argv[2]
if (isMainThread && (command === 'server' || command === 'worker')) {
  const resolution = 5
  const delays = monitorEventLoopDelay({ resolution })
  delays.enable()
  setInterval(() => {
    appendFileSync(${JSON.stringify(path.join(notes, 'stalls'))}, \`\${Date.now()} \${command} \${delays.max / 1e6 - resolution}\\n\`)
    delays.reset()
  }, 1_000).unref()
}
`
)
const env = { WORKER_CONCURRENCY: '1', LOG_LEVEL: 'warn', NODE_OPTIONS: `--import=${path.join(notes, 'stall.mjs')}` }
const service = await startService(env)
const second = await startSecondWorker(service)
try {
  if (atOnce > 0) await together(service)
  if (turns > 0) await beside(service)
  if (minutes > 0) await everySecond(service)
  if (idle > 0) await resting(service)
} finally {
  second.kill('SIGTERM')
  await once(second, 'exit')
  await service.stop()
  await rm(notes, { recursive: true })
}

async function startSecondWorker({ dataDir }: Service) {
  const DATABASE_URL = await findEmbedded(dataDir)
  const cli = path.resolve(import.meta.dirname, '../../src/cli.ts')
  return spawn(process.execPath, ['--max-semi-space-size=8', cli, 'worker'], {
    env: { ...process.env, ...env, DATABASE_URL, DATA_DIR: dataDir },
    stdio: ['ignore', 'ignore', 'inherit']
  })
}

async function add({ address }: Service, body: Record<string, unknown>) {
  const answer = await fetch(`${address}/api/schedules`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ task: 'add', args: { x: 1, y: 2 }, ...body })
  })
  if (!answer.ok) throw new Error(await answer.text())
}

/** Adds several at a time. */
async function addMany(service: Service, count: number, bodyOf: (number: number) => Record<string, unknown>) {
  const numbers = Array.from({ length: count }, (_, number) => number)
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
        await add(service, bodyOf(number))
      }
    })
  )
}

async function together(service: Service) {
  const at = new Date(Math.ceil(Date.now() / 1000) * 1000 + 20_000 + atOnce * 10)
  await addMany(service, atOnce, number => ({ name: `at ${number}`, at: at.toISOString() }))
  if (Date.now() > at.getTime()) throw new Error('The machine was too slow to add them in time')
  await delay(at.getTime() - Date.now() + 15_000)
  const late = await lateness(service, 'at %')
  console.log(`${atOnce} due at once: ${late.length} fired, last ${Math.max(...late).toFixed(0)} ms late`)
  await check(service, atOnce)
}

/** Their tasks, and those of the client, stay in a paused queue: firing is measured, and not running. */
async function beside(service: Service) {
  const queue = 'low_priority'
  await service.database.query(`select ops.pause_queue($1)`, [queue])
  await addMany(service, 100, number => ({ name: `beside ${number}`, every: 1, queue }))
  const enable = (enabled: boolean) =>
    service.database.query(
      `update darkroom.schedules set enabled = $1, next_run_at = null, planned_at = null,
         disabled_at = case when not $1 then now() end, start_at = now()
       where name like 'beside %'`,
      [enabled]
    )
  const request = post('/api/tasks', { task: 'add', args: { x: 1, y: 2 }, queue })
  const found = new Map([true, false].map(firing => [firing, [] as number[]]))
  for (let turn = -1; turn < turns; turn++) {
    for (const firing of turn % 2 ? [true, false] : [false, true]) {
      await enable(firing)
      await delay(3_000)
      const { statuses, seconds } = await load(service.address, 32, 5, () => request)
      if (turn >= 0) found.get(firing)!.push((statuses.get('201') ?? 0) / seconds)
    }
  }
  await enable(false)
  const [off, on] = [median(found.get(false)!), median(found.get(true)!)]
  console.log(
    `submissions/s: ${off.toFixed(0)} alone, ${on.toFixed(0)} beside 100 firings/s: ${(on / off).toFixed(3)} x`
  )
}

async function everySecond(service: Service) {
  await addMany(service, 100, number => ({ name: `every ${number}`, every: 1 }))
  await delay(minutes * 60_000)
  await service.database.query(
    `update darkroom.schedules set enabled = false, next_run_at = null, disabled_at = now() where name like 'every %'`
  )
  const late = await lateness(service, 'every %')
  const [p50, p99] = [percentile(late, 50), percentile(late, 99)]
  console.log(
    `100 of every second for ${minutes} min: ${late.length} fired, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, worst ${Math.max(...late).toFixed(0)} ms late`
  )
}

/** Between the moment at which an occurrence was due and the commit-time clock of its decision. */
async function lateness({ database }: Service, names: string) {
  const { rows } = await database.query<{ late: number }>(
    `select (extract(epoch from o.decided_at - o.due_at) * 1000)::float8 as late
     from darkroom.occurrences o join darkroom.schedules s on s.id = o.schedule_id
     where s.name like $1 and o.outcome = 'fired'`,
    [names]
  )
  return rows.map(({ late }) => late)
}

async function check({ database }: Service, count: number) {
  const { rows } = await database.query(
    `select count(*)::int as tasks, count(distinct schedule_id)::int as schedules from darkroom.tasks where schedule_id is not null
     and schedule_id in (select id from darkroom.schedules where name like 'at %')`
  )
  if (rows[0].tasks !== count || rows[0].schedules !== count)
    throw new Error(`Not one task each: ${JSON.stringify(rows)}`)
}

async function resting(service: Service) {
  await addMany(service, 1_000, number => ({
    name: `yearly ${number}`,
    cron: `${number % 60} ${number % 24} 1 ${1 + (number % 9)} *`,
    timezone: number % 2 === 0 ? 'Europe/Berlin' : 'America/New_York'
  }))
  await delay(15_000)
  const transactions = async () => {
    const { rows } = await service.database.query<{ count: number }>(
      `select (xact_commit + xact_rollback)::int as count from pg_stat_database where datname = current_database()`
    )
    return rows[0]!.count
  }
  const before = await transactions()
  await delay(idle * 1000)
  const rate = ((await transactions()) - before) / idle
  const lines = (await readFile(path.join(notes, 'stalls'), 'utf8')).trim().split('\n')
  const stalls = lines
    .map(line => line.split(' '))
    .filter(([at]) => Number(at) > Date.now() - idle * 1000)
    .map(([, , milliseconds]) => Number(milliseconds))
  console.log(
    `idle with 1,000 enabled schedules: ${rate.toFixed(1)} transactions/s; stalls of the event loops in each second: p50 ${percentile(stalls, 50).toFixed(1)} ms, p99 ${percentile(stalls, 99).toFixed(1)} ms, longest ${Math.max(...stalls).toFixed(1)} ms`
  )
}
