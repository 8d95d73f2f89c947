import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cpu, cpuOf, perTask } from './processes.ts'
import { median, percentile, startService } from './service.ts'

/**
 * What webhooks cost, API, worker, database and receiver on one machine: a drain of tasks without a webhook, with one that
 * is told of as many as make 2,000 messages a second, and with one that is told of each, in turns; the same messages again without a drain (a replay); inserts of one event each, without a
 * webhook; and the time from the end of a task to its message, idle. The CPU of a message is that of the receiver too.
 *
 *   node scripts/bench/webhooks.ts [rounds] [tasks]
 */
const rounds = Number(process.argv[2] ?? 5)
// A replay takes 10,000 at a time.
const count = Math.min(10_000, Number(process.argv[3] ?? 10_000))
// Messages a second, of which a drain is to keep four fifths.
const wanted = 2_000
// Tasks of the drains that are compared for it: in shorter ones a vacuum is a large part.
const long = 3 * count

const receiver = await startReceiver()
const tasks = await mkdtemp(path.join(tmpdir(), 'darkroom-bench-'))
// The same work: a webhook is told of either one of them or both.
for (const name of ['noop', 'told'])
  await writeFile(
    path.join(tasks, `${name}.ts`),
    `import { defineTask } from 'darkroom'
import { Type } from 'typebox'

export default defineTask({ name: '${name}', args: Type.Object({}), run: () => null })
`
  )
const service = await startService({ TASKS_DIR: tasks, LOG_LEVEL: 'warn', WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8' })
const { database, address } = service

await insertEvents()
// Also the thread for webhooks is warm after these.
const first = await add()
await drain(2_000)
await receiver.got(2_000)
await remove(first)

interface Turn {
  rate: number
  /** µs of each task. */
  cpu: number
}
const without: Turn[] = []
const some: Turn[] = []
const told: (Turn & { delivered: number })[] = []
const replayed: Turn[] = []
let usual = await drain(count)
for (let round = 0; round < rounds; round++) {
  // Of both kinds, as with the webhook that is told of one: 2,000 messages a second in a drain that keeps four fifths.
  const part = Math.round(long * Math.min(1, wanted / (0.8 * usual)))
  without.push(await measured('without a webhook', long, () => drain(long, part)))
  usual = without.at(-1)!.rate

  const ofSome = await add(['told'])
  const known = await receiver.count()
  some.push(
    await measured(`with ${part} messages`, long, async () => {
      const rate = await drain(long, part)
      await receiver.got(known + part)
      return rate
    })
  )
  await remove(ofSome)

  const since = new Date().toISOString()
  const id = await add()
  const before = await receiver.count()
  const began = performance.now()
  const turn = await measured('with a webhook', count, async () => {
    const rate = await drain(count)
    await receiver.got(before + count)
    return rate
  })
  told.push({ ...turn, delivered: (count * 1000) / (performance.now() - began) })

  replayed.push(
    await measured('replayed', count, async () => {
      const began = performance.now()
      // What was not noted as delivered yet is not sent again.
      const { replayed } = await call(`/api/webhooks/${id}/replay`, { since, only: 'all' })
      await receiver.got(before + count + replayed)
      return (replayed * 1000) / (performance.now() - began)
    })
  )
  await remove(id)
}
const middle = (turns: Turn[], what: keyof Turn) => median(turns.map(turn => turn[what]))
const ratios = told.map(({ rate }, round) => rate / without[round]!.rate)
console.log(
  `drain: ${middle(without, 'rate').toFixed(0)} tasks/s without a webhook, ${middle(told, 'rate').toFixed(0)} with`
)
console.log(`ratio: ${median(ratios).toFixed(2)} (${ratios.map(ratio => ratio.toFixed(2)).join(', ')})`)
const kept = some.map(({ rate }, round) => rate / without[round]!.rate)
console.log(
  `beside ${wanted} messages a second: ${median(kept).toFixed(2)} (${kept.map(one => one.toFixed(2)).join(', ')})`
)
console.log(
  `delivered: ${median(told.map(({ delivered }) => delivered)).toFixed(0)}/s with the submission and the drain,`
)
console.log(`           ${middle(replayed, 'rate').toFixed(0)}/s without a drain`)
console.log(
  `CPU: ${middle(without, 'cpu').toFixed(0)} µs a task, ${(middle(told, 'cpu') - middle(without, 'cpu')).toFixed(0)} more with its message, ` +
    `${middle(replayed, 'cpu').toFixed(0)} a message alone`
)
await idle()
await service.stop()
await rm(tasks, { recursive: true })
receiver.stop()

/**
 * In a process of its own, so that it does not wait for this one. It reads just enough of HTTP to count requests: it stands
 * for another machine, whose work is not to be ours.
 */
async function startReceiver() {
  const program = `
    let count = 0, last
    const answer = Buffer.from('HTTP/1.1 204 No Content\\r\\n\\r\\n')
    const server = require('node:net').createServer(socket => {
      let waiting = ''
      socket.setNoDelay(true).on('error', () => {}).on('data', chunk => {
        waiting += chunk.latin1Slice()
        for (;;) {
          const head = waiting.indexOf('\\r\\n\\r\\n')
          const end = head + 4 + Number(/content-length: (\\d+)/i.exec(waiting)?.[1])
          if (head < 0 || !(waiting.length >= end)) return
          last = Date.now()
          count++
          waiting = waiting.slice(end)
          socket.write(answer)
        }
      })
    }).listen(0, '127.0.0.1', () => process.send(server.address().port))
    process.on('message', () => process.send({ count, last }))`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const next = () => new Promise<any>(resolve => child.once('message', resolve))
  const port = await next()
  async function ask(): Promise<{ count: number; last?: number }> {
    const answer = next()
    child.send('count')
    return answer
  }
  return {
    pid: child.pid!,
    url: `http://127.0.0.1:${port}/`,
    ask,
    count: async () => (await ask()).count,
    async got(total: number) {
      while ((await ask()).count < total) await delay(20)
    },
    stop: () => child.kill()
  }
}

/** With the CPU of all parts until all is done: the machine may be busy with other work. */
async function measured(what: string, many: number, run: () => Promise<number>): Promise<Turn> {
  const sample = async () => (await cpuOf(service)).set('receiver', await cpu(receiver.pid))
  const before = await sample()
  const rate = await run()
  // What was delivered is noted a moment later.
  await delay(300)
  const after = await sample()
  const total = [...after].reduce((sum, [part, now]) => sum + now - (before.get(part) ?? 0), 0)
  console.log(`${what}: ${rate.toFixed(0)}/s; µs each: ${perTask(before, after, many)}`)
  return { rate, cpu: (total * 1000) / many }
}

async function toggle(verb: 'enable' | 'disable') {
  await database.query(`alter table darkroom.events ${verb} trigger tell_endings`)
}

async function add(tasks?: string[]) {
  return (await call('/api/webhooks', { url: receiver.url, ...(tasks && { tasks }) })).id as string
}

async function remove(id: string) {
  await fetch(`${address}/api/webhooks/${id}`, { method: 'DELETE' })
}

async function call(url: string, body?: unknown) {
  const response = await fetch(`${address}${url}`, {
    method: 'POST',
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as any
}

/** Tasks a second, from the first start to the last end; so many of them, spread evenly, are of the kind `told`. */
async function drain(many: number, ofTold = 0) {
  await database.query('vacuum analyze pgboss.job_common')
  await call('/api/queues/default/pause')
  const isTold = (n: number) => Math.floor(((n + 1) * ofTold) / many) > Math.floor((n * ofTold) / many)
  const tasks = Array.from({ length: many }, (_, n) => ({ task: isTold(n) ? 'told' : 'noop' }))
  const ids: string[] = []
  while (tasks.length > 0) ids.push(...(await call('/api/tasks/bulk', { tasks: tasks.splice(0, 10_000) })).ids)
  await call('/api/queues/default/resume')
  for (;;) {
    await delay(250)
    const { rows } = await database.query(
      `select count(finished_at)::int as done, extract(epoch from max(finished_at) - min(started_at))::float8 as seconds
      from darkroom.tasks where id = any($1)`,
      [ids]
    )
    if (rows[0].done === many) return many / rows[0].seconds
  }
}

/** Statements that insert one event each, the worst case of a trigger for each statement. */
async function insertEvents() {
  for (const verb of ['disable', 'enable', 'disable', 'enable'] as const) {
    await toggle(verb)
    const began = performance.now()
    await database.query(`do $$ begin
      for n in 1..20000 loop
        insert into darkroom.events (task_id, state) values ('01980000-0000-7000-8000-000000000000', 'STARTED');
      end loop;
    end $$`)
    console.log(`an event with the trigger ${verb}d: ${((performance.now() - began) / 20).toFixed(1)} µs`)
    await database.query(`delete from darkroom.events where task_id = '01980000-0000-7000-8000-000000000000'`)
  }
}

async function idle() {
  await add()
  const times: number[] = []
  for (let n = 0; n < 300; n++) {
    const before = await receiver.count()
    const { id } = await call('/api/tasks', { task: 'noop' })
    await receiver.got(before + 1)
    const { last } = await receiver.ask()
    const { rows } = await database.query('select finished_at from darkroom.tasks where id = $1', [id])
    times.push(last! - rows[0].finished_at.getTime())
    await delay(20)
  }
  console.log(
    `idle, from the transaction of the end to the receiver: p50 ${median(times)} ms, p99 ${percentile(times, 99)} ms`
  )
}
