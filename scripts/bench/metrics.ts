import { fillHistory } from './history.ts'
import { get, load } from './load.ts'
import { percentile, startService } from './service.ts'

/**
 * What a scrape of /metrics costs among so many finished tasks: how long it takes one after the other, and the query of
 * its gauges by itself, with the buffers that it touches. It must not grow with the history: 10 ms at 10 million.
 *
 *   node scripts/bench/metrics.ts [finished tasks] [scrapes]
 */
const count = Number(process.argv[2] ?? 10_000_000)
const scrapes = Number(process.argv[3] ?? 200)
const few = 2_000

const service = await startService({ WORKER_CONCURRENCY: '1', LOG_LEVEL: 'warn' })
try {
  // Its runs would read the history meanwhile.
  await change('/api/schedules/expire_results', { enabled: false })
  await fillHistory(service.database, few)
  await measure(few)
  await fillHistory(service.database, count - few)
  await measure(count)
} finally {
  await service.stop()
}

async function measure(among: number) {
  const answer = await fetch(`${service.address}/metrics`)
  if (!answer.ok || !(await answer.text()).includes('darkroom_database_up 1')) throw new Error('No metrics')
  const times: number[] = []
  for (let scrape = 0; scrape < scrapes; scrape++) {
    const since = performance.now()
    await (await fetch(`${service.address}/metrics`)).arrayBuffer()
    times.push(performance.now() - since)
  }
  const { statuses, seconds } = await load(service.address, 1, 2, () => get('/metrics'))
  const rate = (statuses.get('200') ?? 0) / seconds
  const [half, most] = [percentile(times, 50), percentile(times, 95)].map(ms => ms.toFixed(2))
  console.log(`among ${among} finished tasks: p50 ${half} ms, p95 ${most} ms; ${rate.toFixed(0)} scrapes a second`)
}

async function change(path: string, body: unknown) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(service.address + path, { method: 'PATCH', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(await answer.text())
}
