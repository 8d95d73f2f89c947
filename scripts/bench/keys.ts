import { byCommand } from '../../src/audit/by.ts'
import { connect } from '../../src/database/connect.ts'
import { findEmbedded } from '../../src/database/embedded.ts'
import { admission } from '../../src/http/doors/admission.ts'
import { refusals } from '../../src/http/doors/refusals.ts'
import { createKey } from '../../src/keys/acts.ts'
import { openKeyring } from '../../src/keys/keyring.ts'
import { tickets } from '../../src/keys/ticket.ts'
import { load, post } from './load.ts'
import { cpu } from './processes.ts'
import { median, percentile, startService } from './service.ts'

/**
 * What a key costs. Submissions with one and without take many short turns on one server, so that both see the same
 * machine, the same table and the same disk; then the hook of the gate alone, with a key that it knows. A ratio is that
 * of the sums of all turns, with its standard error; CPU compares on a busy machine, where rates say little.
 *
 *   node scripts/bench/keys.ts [pairs of turns] [seconds of a turn]
 */
const pairs = Number(process.argv[2] ?? 40)
const seconds = Number(process.argv[3] ?? 1)
// Either way is let in, so that both are the same server.
const service = await startService({ LOG_LEVEL: 'warn', AUTH: 'off' })
const url = (await findEmbedded(service.dataDir))!
const db = connect(url, { name: 'darkroom bench', max: 2 })
const limits = { rate: 100_000, burst: 1_000_000 }
const key = await db.query
  .transaction()
  .execute(trx => createKey(trx, { name: 'bench', preset: 'admin', limits }, byCommand()))
const header = `authorization: Bearer ${key.key}\r\n`

interface Turn {
  rate: number
  /** µs of each submission. */
  api: number
  postgres: number
}
const without: Turn[] = []
const withKey: Turn[] = []
// Otherwise the worker runs the tasks of one way during the other.
await fetch(`${service.address}/api/queues/default/pause`, { method: 'POST' })
await run(header, 3)
for (let pair = 0; pair < pairs; pair++) {
  // ABBA: what grows with time, as the table does, favours neither.
  if (pair % 2 === 0) without.push(await run('', seconds))
  withKey.push(await run(header, seconds))
  if (pair % 2 === 1) without.push(await run('', seconds))
}
compare('submissions a second', 'rate')
compare('µs of the API for each', 'api')
compare('µs of Postgres for each', 'postgres')

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

function compare(what: string, field: keyof Turn) {
  const [a, b] = [without, withKey].map(turns => turns.map(turn => turn[field]))
  const ratio = mean(b!) / mean(a!)
  // Of a ratio of means of pairs.
  const rests = b!.map((each, pair) => each - ratio * a![pair]!)
  const error =
    Math.sqrt(rests.reduce((sum, rest) => sum + rest ** 2, 0) / (rests.length - 1) / rests.length) / mean(a!)
  console.log(
    `${what}: median ${median(a!).toFixed(1)} without a key, ${median(b!).toFixed(1)} with one; ` +
      `ratio ${ratio.toFixed(3)} ± ${error.toFixed(3)}`
  )
}

function mean(values: number[]) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

async function run(headers: string, length: number): Promise<Turn> {
  const before = await used()
  const { statuses, waits, seconds } = await load(service.address, 64, length, () =>
    post('/api/tasks/process', { data: 'hello' }, headers)
  )
  const wrong = [...statuses.keys()].find(status => status !== '202')
  if (wrong) throw new Error(`It answered ${wrong}`)
  const after = await used()
  const each = (part: 'api' | 'postgres') => ((after[part] - before[part]) * 1000) / waits.length
  return { rate: waits.length / seconds, api: each('api'), postgres: each('postgres') }
}

/** Milliseconds of CPU so far: of the API, and of Postgres with all that it runs in the background. */
async function used() {
  const { rows } = await service.database.query<{ pid: number }>('select pid from pg_stat_activity')
  const each = await Promise.all(rows.map(({ pid }) => cpu(pid)))
  return { api: await cpu(service.pid), postgres: each.reduce((sum, one) => sum + one, 0) }
}
