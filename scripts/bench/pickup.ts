import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { askEvenly, openLine } from './line.ts'
import { post } from './load.ts'
import { memoryOfAll } from './processes.ts'
import { mebibytes, percentile, startService } from './service.ts'

/**
 * Time from a client's submission to the first line of the task's body, on an idle service; and how many queries the
 * idle service makes. With a rate, so many other tasks a second are submitted besides.
 *
 *   node scripts/bench/pickup.ts [tasks] [idle seconds] [others a second]
 */
const count = Number(process.argv[2] ?? 300)
const idleSeconds = Number(process.argv[3] ?? 30)
const rate = Number(process.argv[4] ?? 0)

const tasks = await mkdtemp(path.join(tmpdir(), 'darkroom-bench-'))
await writeFile(
  path.join(tasks, 'stamp.ts'),
  `import { defineTask } from 'darkroom'
import { Type } from 'typebox'

export default defineTask({ name: 'stamp', args: Type.Object({}), run: () => performance.timeOrigin + performance.now() })
`
)
const service = await startService({ TASKS_DIR: tasks })

const line = await openLine(service.address)
const fresh = await memoryOfAll(service)
const noise = post('/api/tasks/process', { data: 'x' })
const others = rate > 0 ? askEvenly(service.address, rate, noise) : undefined
const delays: number[] = []
for (let sent = -20; sent < count; sent++) {
  const started = performance.timeOrigin + performance.now()
  const { id } = await line.ask<{ id: string }>(post('/api/tasks', { task: 'stamp' }))
  // A request for the task at once would be work for the service that is to be idle.
  await delay(20)
  const { result } = (await (await fetch(`${service.address}/api/tasks/${id}?wait=10`)).json()) as { result: number }
  if (sent >= 0) delays.push(result - started)
  // Until the service is idle again.
  await delay(20)
}
others?.stop()
for (const p of [50, 90, 99]) console.log(`request sent to body running, p${p}: ${percentile(delays, p).toFixed(2)} ms`)

// Postgres publishes the statistics of a connection only once it has been quiet for a while.
await delay(15_000)
const before = await transactions()
await delay(idleSeconds * 1000)
const after = await transactions()
// Our own query is one of them.
console.log(
  `memory of all processes but Postgres: ${mebibytes(fresh)} fresh, ${mebibytes(await memoryOfAll(service))} now`
)
console.log(`idle: ${((after - before - 1) / idleSeconds).toFixed(2)} transactions a second`)

line.close()
await service.stop()
await rm(tasks, { recursive: true })

async function transactions() {
  const { rows } = await service.database.query(
    `select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()`
  )
  return Number(rows[0].count)
}
