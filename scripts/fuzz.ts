import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { findEmbedded } from '../src/database/embedded.ts'
import { usageOfFamily } from '../src/processes/family.ts'
import { fuzz } from './fuzz/run.ts'

/**
 * Fuzzes every route of a server of its own, from its OpenAPI document: no 500, no hang, no undocumented answer, and
 * neither memory nor connections that grow. Ends with 1 where something is found, with the requests that found it.
 *
 *   node scripts/fuzz.ts --minutes 10 --seed 7
 */
const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '2' }, seed: { type: 'string', default: String(Date.now() % 1e9) } }
})
const milliseconds = Number(options.minutes) * 60_000
const seed = Number(options.seed)

// Bytes. A heap that is never full grows to its limit of some hundred MiB without a leak; the second half must not add.
const mostGrowth = 200 * 1024 ** 2

await using cleanup = new AsyncDisposableStack()
const home = await mkdtemp(path.join(tmpdir(), 'darkroom-fuzz-'))
cleanup.defer(() => rm(home, { recursive: true, force: true }))
const server = spawn(process.execPath, [path.join(import.meta.dirname, '../src/cli.ts'), 'server'], {
  // Else the first key that a request makes would close all routes to the others.
  env: {
    ...{ PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: home, PORT: '0', WORKER_CONCURRENCY: '2' },
    AUTH: 'off'
  },
  stdio: ['ignore', 'pipe', 'inherit']
})
cleanup.defer(async () => {
  if (server.exitCode !== null) return
  server.kill('SIGTERM')
  await once(server, 'exit')
})
const address = await readyAddress()
const database = new pg.Client({ connectionString: await findEmbedded(home, 'superuser') })
await database.connect()
cleanup.defer(() => database.end())

console.log(`seed ${seed}, ${options.minutes} minutes, ${address}`)
// Its server would start another one, meanwhile it is not ready.
const without = ['POST /api/workers/{id}/shutdown']
const halves = []
for (const half of [1, 2]) {
  const found = await fuzz({ address, seed: seed + half - 1, milliseconds: milliseconds / 2, without })
  await delay(5_000)
  const { memory } = (await usageOfFamily(server.pid!)) ?? { memory: 0 }
  const { rows } = await database.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity where application_name ~ '^darkroom (api|worker)'`
  )
  halves.push({ ...found, memory, connections: rows[0]!.count })
  const { requests, statuses, violations } = found
  console.log({ requests, statuses, violations: violations.length, memory, connections: rows[0]!.count })
}
const [first, second] = halves as [(typeof halves)[0], (typeof halves)[0]]
const violations = halves.flatMap(({ violations }) => violations)
const growth = second.memory - first.memory
if (growth > mostGrowth) violations.push({ what: `memory grew by ${growth} bytes in the second half`, request: '' })
if (second.connections > first.connections + 5) {
  violations.push({ what: `connections grew from ${first.connections} to ${second.connections}`, request: '' })
}
const health = await fetch(`${address}/health/ready`)
if (!health.ok) violations.push({ what: `it is not ready any more: ${await health.text()}`, request: '' })

for (const { what, request } of violations) console.log(`\n${what}\n  ${request}`)
console.log(`\n${first.requests + second.requests} requests, ${violations.length} violations (seed ${seed})`)
process.exitCode = violations.length > 0 ? 1 : 0

async function readyAddress() {
  const lines = createInterface({ input: server.stdout! })
  for await (const line of lines) {
    const found = /is ready: (http:\S+?)"/.exec(line)
    if (!found) continue
    // Its log is read on, or the server would wait for its reader.
    void Array.fromAsync(lines, () => undefined)
    return found[1]!
  }
  throw new Error('The server does not start')
}
