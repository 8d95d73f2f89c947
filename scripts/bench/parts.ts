import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { findEmbedded } from '../../src/database/embedded.ts'
import { findMediaTools } from '../../src/media/binaries.ts'
import { median, startService } from './service.ts'

/**
 * A film in parts against the same film in one run: the wall time of both on a whole server, and then of its parts with
 * one and with two workers. Each of these is held to a core of its own (taskset), as two machines with a core each would
 * be: with two cores for all, one ffmpeg keeps both busy, and a second worker would have nothing to give. What two
 * machines add, the way of the bytes between them, is not in it.
 *
 *   node scripts/bench/parts.ts [seconds of film] [rounds] [size]
 */
const seconds = Number(process.argv[2] ?? 180)
const rounds = Number(process.argv[3] ?? 2)
const size = process.argv[4] ?? '1280x720'
const tools = await findMediaTools()
// The film is shorter than five minutes: it is made in parts of a minute all the same, the first of 20 s.
const env = { DARKROOM_FILM_PARTS: '60,20,60', WORKER_CONCURRENCY: '2', RUNGS: '480p,720p' }
const service = await startService(env)
const cli = path.resolve(import.meta.dirname, '../../src/cli.ts')
const workers: ChildProcess[] = []
try {
  const video_id = await upload(await makeFilm())
  const ratios: number[] = []
  for (let round = 1; round <= rounds; round++) {
    const [alone, parts] = [await make(video_id, false), await make(video_id, true)]
    ratios.push(parts / alone)
    console.log(
      `round ${round}: one run ${alone.toFixed(1)} s, parts ${parts.toFixed(1)} s, ${(parts / alone).toFixed(3)} x`
    )
  }
  console.log(`median ${median(ratios).toFixed(3)} x the wall time of one run (aim: at most 1.10)`)

  for (const { id } of await workersNow()) await send('PATCH', `/api/workers/${id}`, { paused: true })
  await startWorker(0)
  const one = await make(video_id, true)
  await startWorker(1)
  const two = await make(video_id, true)
  console.log(`one worker on one core ${one.toFixed(1)} s, two on a core each ${two.toFixed(1)} s`)
  console.log(`${(two / one).toFixed(3)} x with a second worker (aim: at most 0.6)`)
} finally {
  for (const worker of workers) {
    worker.kill('SIGTERM')
    if (worker.exitCode === null) await once(worker, 'exit')
  }
  await service.stop()
}

async function workersNow() {
  const { items } = (await send('GET', '/api/workers')) as { items: { id: string; status: string }[] }
  return items.filter(({ status }) => status === 'running')
}

/** Makes the prints again, and answers how long that took, from the request to the end. */
async function make(video_id: string, parts: boolean) {
  const { id } = (await send('POST', '/api/tasks', { task: 'process_video', args: { video_id, parts } })) as {
    id: string
  }
  return finished(id)
}

async function finished(id: string) {
  for (;;) {
    const task = (await send('GET', `/api/tasks/${id}?wait=60`)) as Record<string, string>
    if (!task.finished_at) continue
    if (task.state !== 'SUCCESS') throw new Error(JSON.stringify(task.error))
    return (Date.parse(task.finished_at) - Date.parse(task.created_at!)) / 1000
  }
}

async function upload(film: string) {
  const form = new FormData()
  form.set('video', await openAsBlob(film), 'film.mp4')
  const answer = await fetch(`${service.address}/api/videos`, { method: 'POST', body: form })
  const { id, task_id } = (await answer.json()) as { id: string; task_id: string }
  await finished(task_id)
  return id
}

async function send(method: string, url: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(service.address + url, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  })
  if (!answer.ok) throw new Error(`${method} ${url}: ${await answer.text()}`)
  return answer.json()
}

/** A worker that has one core, for films alone. */
async function startWorker(core: number) {
  const args = ['-c', String(core), process.execPath, cli, 'worker', '--queues', 'media', '--concurrency', '1']
  const DATABASE_URL = await findEmbedded(service.dataDir, 'superuser')
  const worker = spawn('taskset', args, {
    env: {
      ...process.env,
      ...env,
      DATABASE_URL,
      DATA_DIR: service.dataDir,
      WORKER_CONCURRENCY: '1',
      LOG_LEVEL: 'info'
    },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  workers.push(worker)
  for await (const line of createInterface({ input: worker.stdout! })) if (line.includes('worker ready')) break
  worker.stdout!.resume()
}

async function makeFilm() {
  const file = path.join(service.dataDir, 'film.mp4')
  const picture = `testsrc2=size=${size}:rate=25:duration=${seconds},noise=alls=12:allf=t`
  const sound = `sine=frequency=440:sample_rate=48000:duration=${seconds}`
  // Many bits: the largest print is not to be a copy.
  const encoding = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '20', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
  await execa(tools.ffmpeg, ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound, ...encoding, file])
  return file
}
