import { readFile } from 'node:fs/promises'
import { byCommand } from '../../src/audit/by.ts'
import { connect } from '../../src/database/connect.ts'
import { findEmbedded } from '../../src/database/embedded.ts'
import { admission } from '../../src/http/doors/admission.ts'
import { refusals } from '../../src/http/doors/refusals.ts'
import { createKey } from '../../src/keys/acts.ts'
import { openKeyring } from '../../src/keys/keyring.ts'
import { tickets } from '../../src/keys/ticket.ts'
import { load, post } from './load.ts'
import { median, percentile, startService } from './service.ts'

/**
 * What a key costs. Submissions with one and without take turns on one server; then the hook of the gate alone, with a
 * key that it knows.
 *
 *   node scripts/bench/keys.ts [turns] [seconds]
 */
const turns = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 4)
// Either way is let in, so that both are the same server.
const service = await startService({ LOG_LEVEL: 'warn', AUTH: 'off' })
const url = (await findEmbedded(service.dataDir))!
const db = connect(url, { name: 'darkroom bench', max: 2 })
const limits = { rate: 100_000, burst: 1_000_000 }
const key = await db.query
  .transaction()
  .execute(trx => createKey(trx, { name: 'bench', preset: 'admin', limits }, byCommand()))
const header = `authorization: Bearer ${key.key}\r\n`

const ways = { 'without a key': '', 'with a key': header }
const rates: Record<string, number[]> = { 'without a key': [], 'with a key': [] }
const costs: Record<string, number[]> = { 'without a key': [], 'with a key': [] }
// Otherwise the worker runs the tasks of one way during the other.
await fetch(`${service.address}/api/queues/default/pause`, { method: 'POST' })
await run(header, 2)
for (let turn = 0; turn < turns; turn++) {
  const order = Object.entries(ways)
  for (const [way, headers] of turn % 2 === 0 ? order : order.toReversed()) {
    const { rate, cpu } = await run(headers, seconds)
    rates[way]!.push(rate)
    costs[way]!.push(cpu)
  }
}
const [without, withKey] = [median(rates['without a key']!), median(rates['with a key']!)]
console.log(`submissions a second: ${without.toFixed(0)} without a key, ${withKey.toFixed(0)} with one`)
console.log(
  `µs of the API for each: ${Object.entries(costs)
    .map(([way, all]) => `${median(all).toFixed(0)} ${way}`)
    .join(', ')}`
)
console.log(`ratio of the medians: ${(withKey / without).toFixed(3)}`)

const keyring = await openKeyring({ pool: db.pool, opensWithoutKeys: 'never' })
const check = admission(
  { keyring, tickets: tickets(Buffer.alloc(32)) },
  refusals()
)({ config: { scope: 'submit' } } as never)
const request = { raw: { headers: { authorization: `Bearer ${key.key}` } }, ip: '127.0.0.1' } as never
const pass = () =>
  new Promise<void>((resolve, reject) => check(request, {} as never, error => (error ? reject(error) : resolve())))
await pass()
const times: number[] = []
for (let n = 0; n < 200_000; n++) {
  const since = performance.now()
  check(request, {} as never, () => {})
  times.push(performance.now() - since)
}
const warm = times.slice(20_000)
console.log(
  `the hook: p50 ${(percentile(warm, 50) * 1000).toFixed(1)} µs, p99 ${(percentile(warm, 99) * 1000).toFixed(1)} µs`
)
await keyring.close()
await db.close()
await service.stop()

async function run(headers: string, length: number) {
  const before = await cpuOf(service.pid)
  const { statuses, waits, seconds } = await load(service.address, 32, length, () =>
    post('/api/tasks/process', { data: 'hello' }, headers)
  )
  const wrong = [...statuses.keys()].find(status => status !== '202')
  if (wrong) throw new Error(`It answered ${wrong}`)
  const cpu = ((await cpuOf(service.pid)) - before) / waits.length
  return { rate: waits.length / seconds, cpu }
}

/** Microseconds, in ticks of 10 ms. */
async function cpuOf(pid: number) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}
