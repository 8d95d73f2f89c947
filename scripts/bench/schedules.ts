import { setTimeout as delay } from 'node:timers/promises'
import { percentile, type Service, startService } from './service.ts'

/**
 * How late schedules fire: so many due in the same second, and a hundred of every second for some minutes. Then how
 * many transactions an idle service with a thousand enabled schedules makes.
 *
 *   node scripts/bench/schedules.ts [at once] [minutes of every second] [idle seconds]
 */
const atOnce = Number(process.argv[2] ?? 1_000)
const minutes = Number(process.argv[3] ?? 10)
const idle = Number(process.argv[4] ?? 60)

const service = await startService({ WORKER_CONCURRENCY: '1', LOG_LEVEL: 'warn' })
try {
  await together(service)
  await everySecond(service)
  await resting(service)
} finally {
  await service.stop()
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
  console.log(`idle with 1,000 enabled schedules: ${rate.toFixed(1)} transactions/s`)
}
