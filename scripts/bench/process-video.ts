import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { findMediaTools } from '../../src/media/binaries.ts'
import { encodeArguments } from '../../src/media/develop.ts'
import { planPrints } from '../../src/media/plan/ladder.ts'
import { probe } from '../../src/media/probe/probe.ts'
import { median, startService } from './service.ts'

/**
 * The task `process_video` on 30 s of 1080p against the very same ffmpeg command run by hand, in turns: the cost of
 * probing, checking, recording and everything else around the encode.
 *
 *   node scripts/bench/process-video.ts [rounds] [film]
 */
const rounds = Number(process.argv[2] ?? 3)
const tools = await findMediaTools()
const service = await startService()
const film = process.argv[3] ?? (await makeFilm())

const facts = await probe(film, { tools })
const { prints } = planPrints(facts)
const directory = path.join(service.dataDir, 'by-hand')
const command = encodeArguments({ source: film, probe: facts, prints, directory })

const ratios: number[] = []
for (let round = 0; round < rounds; round++) {
  const byHand = await runByHand()
  const byTask = await runTask()
  ratios.push(byTask / byHand)
  console.log(
    `round ${round + 1}: by hand ${byHand.toFixed(2)} s, as a task ${byTask.toFixed(2)} s, ${(byTask / byHand).toFixed(3)} x`
  )
}
console.log(`median ${median(ratios).toFixed(3)} x the wall time of the same command run by hand`)
await service.stop()

async function runByHand() {
  await mkdir(directory)
  const started = performance.now()
  await execa(tools.ffmpeg, command, { stdin: 'ignore', stdout: 'ignore' })
  const seconds = (performance.now() - started) / 1000
  await rm(directory, { recursive: true })
  return seconds
}

async function runTask() {
  const form = new FormData()
  form.set('video', new File([await readFile(film)], 'film.mp4'))
  const uploaded = await fetch(`${service.address}/api/videos`, { method: 'POST', body: form })
  const { task_id } = (await uploaded.json()) as { task_id: string }
  for (;;) {
    const task = (await (await fetch(`${service.address}/api/tasks/${task_id}?wait=60`)).json()) as Record<
      string,
      string
    >
    if (!task.finished_at) continue
    if (task.state !== 'SUCCESS') throw new Error(JSON.stringify(task.error))
    return (Date.parse(task.finished_at) - Date.parse(task.started_at!)) / 1000
  }
}

async function makeFilm() {
  const file = path.join(service.dataDir, 'film.mp4')
  // Moving noise on a moving picture: as much work for an encoder as a real film.
  const picture = 'testsrc2=size=1920x1080:rate=30:duration=30,noise=alls=12:allf=t'
  const sound = 'sine=frequency=440:sample_rate=48000:duration=30'
  const encoding = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-ac', '2']
  await execa(tools.ffmpeg, ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound, ...encoding, file])
  return file
}
