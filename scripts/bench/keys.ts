import { readdir, readFile } from 'node:fs/promises'
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
 * key that it knows. On a busy machine rates say little, and the CPU of the API for each request still compares.
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
compare('submissions a second', rates, (without, withKey) => withKey / without)
compare('µs of the API for each', costs, (without, withKey) => without / withKey)

const keyring = await openKeyring({ pool: db.pool, opensWithoutKeys: 'never' })
const check = admission(
  { keyring, tickets: tickets(Buffer.alloc(32)), proxy: () => undefined },
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

/** The medians of both ways, and the median of the ratios of the pairs, which ran under the same load of the machine. */
function compare(what: string, all: Record<string, number[]>, ratioOf: (without: number, withKey: number) => number) {
  const [without, withKey] = [all['without a key']!, all['with a key']!]
  const ratio = median(without.map((each, turn) => ratioOf(each, withKey[turn]!)))
  console.log(
    `${what}: ${median(without).toFixed(1)} without a key, ${median(withKey).toFixed(1)} with one; ratio ${ratio.toFixed(3)}`
  )
}

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

/** Microseconds of its threads; its times in `stat` count ticks of 10 ms. */
async function cpuOf(pid: number) {
  const threads = await readdir(`/proc/${pid}/task`)
  const texts = await Promise.all(threads.map(id => readFile(`/proc/${pid}/task/${id}/schedstat`, 'utf8')))
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0) / 1000
}
