import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { findEmbedded } from '../../src/database/embedded.ts'
import { startService } from './service.ts'

/**
 * Time of a recovery: from the kill -9 of a worker to its task running again on another one, and from a killed
 * Postgres accepting connections again to the end of the first task that is submitted then.
 *
 *   node scripts/bench/recovery.ts [rounds]
 */
const rounds = Number(process.argv[2] ?? 3)
const service = await startService({ LOG_LEVEL: 'fatal' })
const url = (await findEmbedded(service.dataDir))!
const database = new pg.Pool({ connectionString: url, max: 2 })
database.on('error', () => {})

for (let round = 0; round < rounds; round++) {
  console.log(`kill -9 of a worker to its task running again: ${(await loseWorker()).toFixed(1)} s`)
}
for (let round = 0; round < rounds; round++) {
  const { down, first } = await losePostgres()
  console.log(`kill -9 of Postgres: ${down.toFixed(1)} s down, the first task ended ${first.toFixed(2)} s after that`)
}
await database.end()
await service.stop()

async function loseWorker(): Promise<number> {
  const victim = await startWorker()
  // More than the server's own worker has room for.
  const ids = await Promise.all(Array.from({ length: 6 }, () => submit('sleep', { seconds: 300 })))
  let task: string | undefined
  while (!task) {
    const { rows } = await database.query(
      `select t.id from darkroom.tasks t join darkroom.workers w on w.id = t.worker
       where w.pid = $1 and t.state = 'STARTED' and t.progress > 0 limit 1`,
      [victim.pid]
    )
    task = rows[0]?.id
    await delay(20)
  }
  // Makes room for the task on the other worker.
  for (const id of ids) if (id !== task) await cancel(id)
  const killed = performance.now()
  victim.kill('SIGKILL')
  for (;;) {
    const { rows } = await database.query('select attempts, progress from darkroom.tasks where id = $1', [task])
    if (rows[0].attempts === 2 && rows[0].progress > 0) break
    await delay(20)
  }
  const seconds = (performance.now() - killed) / 1000
  await cancel(task)
  return seconds
}

async function startWorker(): Promise<ChildProcess> {
  const worker = spawn(process.execPath, [path.resolve(import.meta.dirname, '../../src/cli.ts'), 'worker'], {
    env: { ...process.env, DATABASE_URL: url, DATA_DIR: service.dataDir, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  for await (const chunk of worker.stdout!) if (String(chunk).includes('worker ready')) break
  return worker
}

async function losePostgres() {
  const file = path.join(service.dataDir, 'postgres/postmaster.pid')
  const postmaster = Number((await readFile(file, 'utf8')).split('\n')[0])
  const killed = performance.now()
  process.kill(postmaster, 'SIGKILL')
  await until(async () => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
    client.on('error', () => {})
    await client.connect()
    await client.query('select 1')
    await client.end()
  })
  const up = performance.now()
  let id: string | undefined
  await until(async () => {
    id = await submit('process_data', { data: 'hello' })
  })
  const answer = await fetch(`${service.address}/api/tasks/${id}?wait=30`)
  const { state } = (await answer.json()) as { state: string }
  if (state !== 'SUCCESS') throw new Error(`The task is ${state}`)
  return { down: (up - killed) / 1000, first: (performance.now() - up) / 1000 }
}

async function until(attempt: () => Promise<void>) {
  for (let left = 600; left > 0; left--) {
    try {
      return await attempt()
    } catch {
      await delay(20)
    }
  }
  throw new Error('It did not come back')
}

async function submit(task: string, args: object): Promise<string> {
  const answer = await fetch(`${service.address}/api/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ task, args })
  })
  if (answer.status !== 201) throw new Error(await answer.text())
  return ((await answer.json()) as { id: string }).id
}

async function cancel(id: string) {
  await fetch(`${service.address}/api/tasks/${id}/cancel?wait=5`, { method: 'POST' })
}
