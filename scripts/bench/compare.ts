import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { load, post } from './load.ts'
import { startPeer } from './peers/redis.ts'
import { median, percentile, startService } from './service.ts'

/**
 * Darkroom beside a small service of Fastify and BullMQ, whose Redis syncs each write to the disk, in turns: tasks that
 * do nothing from 32 connections (submissions a second, and from the first submission to the last end), and the time
 * from a client's request to the first line of the body on an idle service. The first turn of each is cold.
 *
 *   node scripts/bench/compare.ts [rounds] [tasks] [pickups]
 */
const rounds = Number(process.argv[2] ?? 5)
const tasks = Number(process.argv[3] ?? 5_000)
const pickups = Number(process.argv[4] ?? 100)

interface Contender {
  address: string
  /** Submits a task that answers when its body ran, and answers that. */
  stamp(): Promise<number>
  /** The last end of all tasks so far, in milliseconds; undefined while some are open. */
  lastEnd(): Promise<number | undefined>
  stop(): Promise<void>
}

const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-bench-'))
await writeFile(
  path.join(folder, 'stamp.ts'),
  `import { defineTask } from 'darkroom'
import { Type } from 'typebox'

export default defineTask({ name: 'stamp', args: Type.Object({}), run: () => performance.timeOrigin + performance.now() })
`
)
const contenders = { darkroom: await openOurs(), bullmq: await openPeer() }
const results = { darkroom: [] as Turn[], bullmq: [] as Turn[] }
for (const { stamp } of Object.values(contenders)) for (let probe = 0; probe < 20; probe++) await stamp()
for (let round = 0; round < rounds; round++) {
  for (const name of ['darkroom', 'bullmq'] as const) {
    const turn = await takeTurn(contenders[name])
    results[name].push(turn)
    console.log(`${name}: ${tell(turn)}${round === 0 ? ' (cold)' : ''}`)
  }
}
for (const { stop } of Object.values(contenders)) await stop()
await rm(folder, { recursive: true })
for (const what of ['submit', 'drain', 'pickup'] as const) {
  const ratios = results.darkroom.map((turn, round) => turn[what] / results.bullmq[round]![what])
  const warm = ratios.length > 1 ? ratios.slice(1) : ratios
  console.log(`${what}: cold ${ratios[0]!.toFixed(2)} ×, warm ${median(warm).toFixed(2)} × that of BullMQ`)
}

interface Turn {
  /** A second. */
  submit: number
  drain: number
  /** Milliseconds, median. */
  pickup: number
}

function tell({ submit, drain, pickup }: Turn) {
  return `${submit.toFixed(0)} submissions/s, drained at ${drain.toFixed(0)}/s, idle pickup ${pickup.toFixed(2)} ms`
}

async function takeTurn({ address, lastEnd, stamp }: Contender): Promise<Turn> {
  const began = Date.now()
  let left = tasks
  const { seconds, statuses } = await load(address, 32, 60, () =>
    left-- > 0 ? post('/api/tasks/process', { data: 'hello' }) : undefined
  )
  if (statuses.get('202') !== tasks) throw new Error(`not all were accepted: ${JSON.stringify([...statuses])}`)
  let end = await lastEnd()
  for (let looks = 1_200; end === undefined && looks > 0; looks--) {
    await delay(50)
    end = await lastEnd()
  }
  if (end === undefined) throw new Error('not all tasks ended within a minute')
  await delay(2_000)
  const waits: number[] = []
  for (let sent = 0; sent < pickups; sent++) {
    const asked = performance.timeOrigin + performance.now()
    waits.push((await stamp()) - asked)
    await delay(20)
  }
  return { submit: tasks / seconds, drain: tasks / ((end - began) / 1000), pickup: percentile(waits, 50) }
}

async function openOurs(): Promise<Contender> {
  const { address, database, stop } = await startService({ TASKS_DIR: folder, LOG_LEVEL: 'warn' })
  return {
    address,
    async stamp() {
      const answer = await send(`${address}/api/tasks`, { task: 'stamp' })
      await delay(20)
      return ((await read(`${address}/api/tasks/${answer.id}?wait=10`)) as { result: number }).result
    },
    async lastEnd() {
      const { rows } = await database.query<{ open: boolean; last: number }>(
        `select exists (select from pgboss.job where name = 'default' and state < 'completed') as open,
          (select extract(epoch from max(finished_at)) * 1000 from (
            select finished_at from darkroom.tasks where task = 'process_data' order by created_at desc limit ${tasks}
          ) last)::float8 as last`
      )
      return rows[0]!.open ? undefined : rows[0]!.last
    },
    stop
  }
}

async function openPeer(): Promise<Contender> {
  const { address, stop } = await startPeer()
  return {
    address,
    async stamp() {
      const { task_id } = await send(`${address}/api/tasks/process`, { data: 'hello' })
      await delay(20)
      for (;;) {
        const { result } = (await read(`${address}/api/tasks/${task_id}`)) as { result: { at: number } | null }
        if (result) return result.at
        await delay(5)
      }
    },
    async lastEnd() {
      const { open } = (await read(`${address}/open`)) as { open: number }
      if (open > 0) return
      return ((await read(`${address}/last`)) as { finished_at: number }).finished_at
    },
    stop
  }
}

async function send(url: string, body: unknown) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body)
  })
  return (await answer.json()) as { id: string; task_id: string }
}

async function read(url: string): Promise<unknown> {
  return (await fetch(url)).json()
}
