import { setTimeout as delay } from 'node:timers/promises'
import { load, post } from './load.ts'
import { cpuOf } from './processes.ts'
import { median, type Service, startService } from './service.ts'

/**
 * What being observed costs, in CPU of API, worker and Postgres, whatever else the machine does: tasks that do nothing come
 * over HTTP from 32 connections, in turns without and with the `traceparent` of a client, without a collector; and scrapes
 * of /metrics one after another. Together at most 2 % of a drain, with a scrape every 15 s.
 *
 *   node scripts/bench/observed.ts [rounds] [tasks]
 */
const rounds = Number(process.argv[2] ?? 7)
const tasks = Number(process.argv[3] ?? 5_000)
const scrapes = 50
// Seconds.
const patience = 60

const ways = ['alone', 'traced'] as const
type Way = (typeof ways)[number]

const service = await startService({ LOG_LEVEL: 'warn' })
const spent: Record<Way, number[]> = { alone: [], traced: [] }
const scraped: number[] = []
try {
  await turn(service, 'alone')
  for (let round = 0; round < rounds; round++) {
    // Each is the first of a round as often as the other.
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) spent[way].push(await turn(service, way))
    scraped.push(await scrape(service))
  }
} finally {
  await service.stop()
}
for (const way of ways) console.log(`${way}: ${median(spent[way]).toFixed(0)} µs of CPU a task`)
const more = spent.traced.map((cost, round) => (cost / spent.alone[round]! - 1) * 100)
console.log(
  `traced costs ${median(more).toFixed(1)} % more, median of ${rounds} (${more.map(one => one.toFixed(1)).join(', ')})`
)
const each = median(scraped)
console.log(`a scrape: ${each.toFixed(1)} ms of CPU, ${(each / 150).toFixed(2)} % of a core where there is one in 15 s`)

/** Microseconds of CPU for each task. */
async function turn({ address, database }: Service, way: Way) {
  const before = total(await cpuOf(service))
  const header = way === 'traced' ? 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n' : ''
  let left = tasks
  const next = () => (left-- > 0 ? post('/api/tasks', { task: 'add', args: { x: 1, y: 2 } }, header) : undefined)
  const { statuses } = await load(address, 32, patience, next)
  if (statuses.get('201') !== tasks) throw new Error(`not all were accepted: ${JSON.stringify([...statuses])}`)
  const open = `select from darkroom.tasks where state in ('PENDING', 'STARTED', 'RETRY') and task = 'add' limit 1`
  for (let looks = patience * 5; (await database.query(open)).rowCount !== 0; looks--) {
    if (looks === 0) throw new Error('The tasks did not end')
    await delay(200)
  }
  return ((total(await cpuOf(service)) - before) * 1000) / tasks
}

/** Milliseconds of CPU for each scrape. */
async function scrape({ address }: Service) {
  const before = total(await cpuOf(service))
  for (let left = scrapes; left > 0; left--) await (await fetch(`${address}/metrics`)).arrayBuffer()
  return (total(await cpuOf(service)) - before) / scrapes
}

/** Without vacuum, which comes when it comes. */
function total(parts: Map<string, number>) {
  return [...parts].reduce((sum, [part, one]) => sum + (/autovacuum/.test(part) ? 0 : one), 0)
}
