import { setTimeout as delay } from 'node:timers/promises'
import { load, post } from './load.ts'
import { cpuOf } from './processes.ts'
import { median, type Service, startService } from './service.ts'

/**
 * What being observed costs: tasks that do nothing come over HTTP from 32 connections, in turns without and with a scrape
 * of /metrics each second and a `traceparent` of each client, without a collector. CPU of API, worker and Postgres for
 * each task, whatever else the machine does; at most 2 % more.
 *
 *   node scripts/bench/observed.ts [rounds] [tasks]
 */
const rounds = Number(process.argv[2] ?? 7)
const tasks = Number(process.argv[3] ?? 5_000)
// Seconds.
const patience = 60

const ways = ['alone', 'observed'] as const
type Way = (typeof ways)[number]

const service = await startService({ LOG_LEVEL: 'warn' })
const spent: Record<Way, number[]> = { alone: [], observed: [] }
try {
  await turn(service, 'alone')
  for (let round = 0; round < rounds; round++) {
    // Each is the first of a round as often as the other.
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) spent[way].push(await turn(service, way))
  }
} finally {
  await service.stop()
}
for (const way of ways) console.log(`${way}: ${median(spent[way]).toFixed(0)} µs of CPU a task`)
const more = spent.observed.map((cost, round) => (cost / spent.alone[round]! - 1) * 100)
console.log(
  `observed costs ${median(more).toFixed(1)} % more, median of ${rounds} (${more.map(one => one.toFixed(1)).join(', ')})`
)

/** Microseconds of CPU for each task. */
async function turn({ address, database }: Service, way: Way) {
  const before = total(await cpuOf(service))
  const header = way === 'observed' ? 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n' : ''
  const over = new AbortController()
  const scrapes = way === 'observed' ? scrape(address, over.signal) : undefined
  let left = tasks
  const next = () => (left-- > 0 ? post('/api/tasks', { task: 'add', args: { x: 1, y: 2 } }, header) : undefined)
  const { statuses } = await load(address, 32, patience, next)
  if (statuses.get('201') !== tasks) throw new Error(`not all were accepted: ${JSON.stringify([...statuses])}`)
  const open = `select from darkroom.tasks where state in ('PENDING', 'STARTED', 'RETRY') and task = 'add' limit 1`
  for (let looks = patience * 5; (await database.query(open)).rowCount !== 0; looks--) {
    if (looks === 0) throw new Error('The tasks did not end')
    await delay(200)
  }
  const used = total(await cpuOf(service)) - before
  over.abort()
  await scrapes
  return (used * 1000) / tasks
}

async function scrape(address: string, signal: AbortSignal) {
  while (!signal.aborted) {
    await (await fetch(`${address}/metrics`)).arrayBuffer()
    await delay(1_000, undefined, { signal }).catch(() => {})
  }
}

function total(parts: Map<string, number>) {
  return [...parts.values()].reduce((sum, one) => sum + one, 0)
}
