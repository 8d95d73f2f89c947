import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { execa } from 'execa'
import { findMediaTools } from '../../src/media/binaries.ts'
import { encodeArguments } from '../../src/media/develop.ts'
import { planPrints } from '../../src/media/plan/ladder.ts'
import { probe } from '../../src/media/probe/probe.ts'
import { finished, makeFilm, upload } from './films.ts'
import { cpuOf, cpuOfTheDead } from './processes.ts'
import { median, startService } from './service.ts'

/**
 * The task `process_video` on 1080p in three rungs, with streams, pictures and all checks, against an ffmpeg by hand that
 * makes the three MP4 files alone, in one decode and with the same settings; in turns, by wall time and by CPU. First a
 * film that is encoded, then one whose largest print can be copied: the ffmpeg by hand encodes all of that, too.
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
  const command = await byHand(film)
  const ratios: { wall: number; cpu: number }[] = []
  for (let round = 1; round <= rounds; round++) {
    const [hand, task] = [
      await measure(cpuOfHand, () => runByHand(command)),
      await measure(cpuOfTask, () => runTask(film))
    ]
    ratios.push({ wall: task.wall / hand.wall, cpu: task.cpu / hand.cpu })
    const [of, to] = [hand, task].map(({ wall, cpu }) => `${wall.toFixed(2)} s (${cpu.toFixed(2)} s of CPU)`)
    console.log(`${name}, round ${round}: by hand ${of}, as a task ${to}`)
  }
  const [wall, cpu] = (['wall', 'cpu'] as const).map(which => median(ratios.map(ratio => ratio[which])).toFixed(3))
  console.log(`${name}: median ${wall} x wall, ${cpu} x CPU${aim ? ` (aim: at most ${aim})` : ''}`)
}

/** The prints alone: the same graph, encoders and tee as in a task, without the streams, and without a copied print. */
async function byHand(film: string) {
  const facts = await probe(film, { tools })
  const directory = path.join(service.dataDir, 'by-hand')
  const args = encodeArguments({ source: film, probe: facts, prints: planPrints(facts).prints, directory })
  const prints = args
    .at(-1)!
    .split('|')
    .filter(output => output.startsWith('[f=mp4'))
  return { directory, args: [...args.slice(0, -1), prints.join('|')] }
}

async function runByHand({ directory, args }: { directory: string; args: string[] }) {
  await mkdir(directory)
  const started = performance.now()
  await execa(tools.ffmpeg, args, { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' })
  const wall = (performance.now() - started) / 1000
  await rm(directory, { recursive: true })
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
