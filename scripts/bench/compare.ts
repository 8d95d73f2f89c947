import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { askEvenly, openLine } from './line.ts'
import { load, post } from './load.ts'
import type { Contender } from './peers/contender.ts'
import { startDarkroom } from './peers/darkroom.ts'
import { startBullmq } from './peers/redis.ts'
import { memoryOfTrees } from './processes.ts'
import { median, percentile } from './service.ts'

/**
 * Darkroom beside a small service of Fastify and BullMQ, whose Redis syncs each write to the disk. They take turns;
 * each turn begins with a start and 20 probes. Then tasks that do nothing come from 32 connections, twice (cold, warm):
 * submissions a second while the worker drains, and tasks a second from the first submission to the last end. Then the
 * time from a client's request to the first line of a body, idle and beside 300 tasks a second. API, worker, database
 * and client share the machine.
 *
 *   node scripts/bench/compare.ts [rounds] [tasks] [pickups] [history]
 *
 * With a history, a Darkroom with so many finished tasks takes turns, too.
 */
const rounds = Number(process.argv[2] ?? 5)
const tasks = Number(process.argv[3] ?? 5_000)
const pickups = Number(process.argv[4] ?? 100)
const history = Number(process.argv[5] ?? 0)
const others = 300

const lines = {
  cold: 'drained, cold, tasks/s',
  warm: 'drained, warm, tasks/s',
  submit: 'submitted while it drains, tasks/s',
  idle: 'pickup, idle, p50 ms',
  loaded: `pickup beside ${others}/s, p50 ms`,
  memory: 'memory, idle, MiB'
}
type Turn = Record<keyof typeof lines, number>

const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-bench-'))
await writeFile(
  path.join(folder, 'stamp.ts'),
  `import { defineTask } from 'darkroom'
import { Type } from 'typebox'

export default defineTask({ name: 'stamp', args: Type.Object({}), run: () => performance.timeOrigin + performance.now() })
`
)
const starts: Record<string, () => Promise<Contender>> = {
  darkroom: () => startDarkroom(folder),
  bullmq: startBullmq,
  ...(history > 0 && { [`darkroom with ${history}`]: () => startDarkroom(folder, history) })
}
const turns = new Map(Object.keys(starts).map(name => [name, [] as Turn[]]))
for (let round = 0; round < rounds; round++) {
  for (const [name, start] of Object.entries(starts)) {
    const contender = await start()
    try {
      turns.get(name)!.push(await takeTurn(contender))
    } finally {
      await contender.stop()
    }
    console.log(`${name}: ${JSON.stringify(turns.get(name)!.at(-1), (_, value) => rounded(value))}`)
  }
}
await rm(folder, { recursive: true })
table()

function table() {
  const peer = turns.get('bullmq')!
  const cells = (texts: string[]) => console.log(texts.map((text, at) => text.padEnd(at === 0 ? 40 : 26)).join(''))
  cells(['medians', ...turns.keys()])
  for (const [key, title] of Object.entries(lines) as [keyof Turn, string][]) {
    const theirs = median(peer.map(turn => turn[key]))
    const each = [...turns.values()].map(list => {
      const typical = median(list.map(turn => turn[key]))
      return `${rounded(typical)} (${(typical / theirs).toFixed(2)} ×)`
    })
    cells([title, ...each])
  }
}

async function takeTurn(contender: Contender): Promise<Turn> {
  await waits(contender, 20)
  await delay(10_000)
  const memory = (await memoryOfTrees(contender.pids)) / 1024 ** 2
  const cold = await drain(contender)
  const warm = await drain(contender)
  await delay(2_000)
  const idle = percentile(await waits(contender, pickups), 50)
  const noise = askEvenly(contender.address, others, post(contender.usual.path, contender.usual.body))
  const loaded = percentile(await waits(contender, pickups), 50)
  noise.stop()
  return { cold: cold.drain, warm: warm.drain, submit: warm.submit, idle, loaded, memory }
}

async function drain({ address, usual, lastEnd }: Contender) {
  const began = Date.now()
  let left = tasks
  const next = () => (left-- > 0 ? post(usual.path, usual.body) : undefined)
  const { seconds, statuses } = await load(address, 32, 60, next)
  if (statuses.get('202') !== tasks) throw new Error(`not all were accepted: ${JSON.stringify([...statuses])}`)
  for (let looks = 1_200; looks > 0; looks--) {
    const end = await lastEnd(tasks)
    if (end !== undefined) return { submit: tasks / seconds, drain: tasks / ((end - began) / 1000) }
    await delay(50)
  }
  throw new Error('not all tasks ended within a minute')
}

/** Milliseconds from a request to the first line of its body, one after the other. */
async function waits({ address, stamp, result }: Contender, count: number) {
  const found: number[] = []
  const line = await openLine(address)
  for (let sent = 0; sent < count; sent++) {
    const asked = performance.timeOrigin + performance.now()
    const answer = await line.ask<{ id?: string; task_id?: string }>(post(stamp.path, stamp.body))
    // A question at once would be work for a service that is to be idle.
    await delay(30)
    found.push((await result((answer.id ?? answer.task_id)!)) - asked)
    await delay(20)
  }
  line.close()
  return found
}

function rounded(value: unknown) {
  return typeof value !== 'number' ? value : value >= 100 ? Math.round(value) : Number(value.toFixed(2))
}
