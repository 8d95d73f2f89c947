import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { findEmbedded } from '../../src/database/embedded.ts'
import { finished, makeFilm, processAgain, send, upload } from './films.ts'
import { median, startService } from './service.ts'

/**
 * A film with one worker and with two, in turns: wall time from the request to the end.
 *
 * This simulates two machines with a core each. Each worker makes one part at a time and is held to a core of its own
 * (taskset), and with it its ffmpeg, which then takes one thread for each encoder. API and Postgres run beside them on
 * either core. It leaves out what two machines add: the way of the bytes between them and the store. It needs two idle
 * cores: on a busy machine both ratios and seconds are those of the other work.
 *
 * Stretches are of 20 s, so that a film of this length has as many as one of six minutes has with its stretches of 60 s.
 *
 *   node scripts/bench/workers.ts [rounds] [seconds of film]
 */
const rounds = Number(process.argv[2] ?? 2)
const seconds = Number(process.argv[3] ?? 128)
const env = { DARKROOM_FILM_PARTS: '10,8,20', RUNGS: '480p,720p' }
const service = await startService({ ...env, WORKER_CONCURRENCY: '2' })
const cli = path.resolve(import.meta.dirname, '../../src/cli.ts')
const workers: ChildProcess[] = []
try {
  const film = await makeFilm(service, { seconds, size: '1280x720', fps: 25, bits: 'many' })
  // The server's own worker has no part in this.
  for (const { id } of await workersNow()) await pause(id, true)
  const { id, task_id } = await upload(service, film)
  await startWorker(0)
  const before = new Set((await workersNow()).map(worker => worker.id))
  await startWorker(1)
  const second = (await workersNow()).find(worker => !before.has(worker.id))!.id
  await finished(service, task_id)

  const ratios: number[] = []
  for (let round = 1; round <= rounds; round++) {
    await pause(second, true)
    const one = await processAgain(service, id, true)
    await pause(second, false)
    const two = await processAgain(service, id, true)
    ratios.push(two / one)
    console.log(`round ${round}: one worker ${one.toFixed(1)} s, two ${two.toFixed(1)} s, ${(two / one).toFixed(3)} x`)
  }
  console.log(`median ${median(ratios).toFixed(3)} x the wall time with one worker (aim: at most 0.6)`)
} finally {
  for (const worker of workers) {
    worker.kill('SIGTERM')
    if (worker.exitCode === null) await once(worker, 'exit')
  }
  await service.stop()
}

async function workersNow() {
  const { items } = (await send(service, 'GET', '/api/workers')) as { items: { id: string; status: string }[] }
  return items.filter(({ status }) => status === 'running')
}

async function pause(id: string, paused: boolean) {
  await send(service, 'PATCH', `/api/workers/${id}`, { paused })
}

/** A worker that has one core, for films alone. */
async function startWorker(core: number) {
  const args = ['-c', String(core), process.execPath, cli, 'worker', '--queues', 'media', '--concurrency', '1']
  const DATABASE_URL = await findEmbedded(service.dataDir, 'superuser')
  const settings = { DATABASE_URL, DATA_DIR: service.dataDir, WORKER_CONCURRENCY: '1', LOG_LEVEL: 'info' }
  const worker = spawn('taskset', args, {
    env: { ...process.env, ...env, ...settings },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  workers.push(worker)
  for await (const line of createInterface({ input: worker.stdout! })) if (line.includes('worker ready')) break
  worker.stdout!.resume()
}
