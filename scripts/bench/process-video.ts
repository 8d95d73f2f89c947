import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { findMediaTools } from '../../src/media/binaries.ts'
import { sameGraph, typed } from './by-hand.ts'
import { finished, makeFilm, upload } from './films.ts'
import { cpuOf, cpuOfTheDead } from './processes.ts'
import { median, startService } from './service.ts'

/**
 * The task `process_video` on 1080p in three rungs, with streams, pictures and all checks, against two commands that make
 * the three MP4 files alone, in one decode and with the same settings; in turns, by wall time and by CPU. The first is as
 * an engineer types it, and has the aim; the second has all that makes our own encode fast. First a film that is encoded,
 * then one whose largest print can be copied: the commands encode all of that, too.
 *
 * Wall time tells something on an idle machine alone. CPU is that of ffmpeg, and for a task that of the worker and of all
 * that it starts; beside other work it is higher, so only turns compare.
 *
 *   node scripts/bench/process-video.ts [rounds] [seconds of film] [film]
 */
const rounds = Number(process.argv[2] ?? 3)
const seconds = Number(process.argv[3] ?? 30)
const tools = await findMediaTools()
const service = await startService()
const handmade = path.join(service.dataDir, 'by-hand')
try {
  if (process.argv[4]) await compare('the film', process.argv[4], undefined)
  else {
    await compare('encoded', await makeFilm(service, { seconds, bits: 'many' }), 1.03)
    await compare('largest print copied', await makeFilm(service, { seconds, bits: 'few' }), 0.5)
  }
} finally {
  await service.stop()
}

async function compare(name: string, film: string, aim: number | undefined) {
  const commands = { typed: await typed(film, handmade), 'same graph': await sameGraph(film, handmade) }
  const ratios = { typed: [] as Ratio[], 'same graph': [] as Ratio[] }
  for (let round = 1; round <= rounds; round++) {
    const task = await measure(cpuOfTask, () => runTask(film))
    console.log(`${name}, round ${round}: as a task ${said(task)}`)
    for (const [which, args] of Object.entries(commands)) {
      const hand = await measure(cpuOfHand, () => runByHand(args))
      ratios[which as keyof typeof ratios].push({ wall: task.wall / hand.wall, cpu: task.cpu / hand.cpu })
      console.log(`${name}, round ${round}: by hand, ${which}: ${said(hand)}`)
    }
  }
  for (const [which, of] of Object.entries(ratios)) {
    const [wall, cpu] = (['wall', 'cpu'] as const).map(which => median(of.map(ratio => ratio[which])).toFixed(3))
    const limit = aim && which === 'typed' ? ` (aim: at most ${aim})` : ''
    console.log(`${name}, ${which}: median ${wall} x wall, ${cpu} x CPU${limit}`)
  }
}

interface Ratio {
  wall: number
  cpu: number
}

function said({ wall, cpu }: Ratio) {
  return `${wall.toFixed(2)} s (${cpu.toFixed(2)} s of CPU)`
}

async function runByHand(args: string[]) {
  await mkdir(handmade)
  const started = performance.now()
  await execa(tools.ffmpeg, args, { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' })
  const wall = (performance.now() - started) / 1000
  await rm(handmade, { recursive: true })
  return wall
}

async function runTask(film: string) {
  const task = await finished(service, (await upload(service, film)).task_id)
  return (Date.parse(task.finished_at!) - Date.parse(task.started_at!)) / 1000
}

async function measure(cpu: () => Promise<number>, run: () => Promise<number>) {
  const before = await cpu()
  const wall = await run()
  return { wall, cpu: ((await cpu()) - before) / 1000 }
}

function cpuOfHand() {
  return cpuOfTheDead(process.pid)
}

async function cpuOfTask() {
  const all = await cpuOf(service)
  return (all.get('worker') ?? 0) + (all.get('children') ?? 0)
}
