import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { Worker } from '../../src/runner/start.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'

// Short on average, so that many of them are in the line of one child; and one among them is not.
const folder = await taskFolder(t, {
  'brief.ts': taskModule(
    'brief',
    `appendFileSync(args.file, args.n + '\\n')
     if (args.how === 'exits') process.exit(3)
     if (args.how === 'fails') throw new GiveUp('no ' + args.n)
     if (args.how === 'prints') console.log('this is ' + args.n)
     if (args.how === 'hangs') await delay(600_000, undefined, { signal })
     if (args.how === 'blocks') while (!process.getBuiltinModule('fs').existsSync(args.file + '-go')) {}
     if (args.how === 'leaves') setTimeout(() => process.exit(4), 20)
     return args.n`,
    'max_retries: 0'
  )
})
const many = 60
const middle = 30

interface Run {
  service: Service
  worker: Worker
  file: string
  ids: string[]
}

/** Submits many of them at once to a worker that knows already that they are short. */
async function begin(t: Test, how: (n: number) => string | undefined, env: Record<string, string> = {}): Promise<Run> {
  const service = await openService(t, {
    env: { TASKS_DIR: folder, WORKER_CONCURRENCY: '1', WORKER_PREFETCH_MULTIPLIER: String(many), ...env }
  })
  const worker = await service.startWorker()
  const file = path.join(service.dataDir, 'ran')
  const args = (n: number) => ({ file, n, how: how(n) })
  for (let n = 0; n < 30; n++) await service.finished(await service.submit('brief', { file: `${file}-first`, n }))
  const tasks = Array.from({ length: many }, (_, n) => ({ task: 'brief', args: args(n) }))
  const { ids } = (await service.post('/api/tasks/bulk', { tasks })).json()
  return { service, worker, file, ids }
}

const only = (how: string) => (n: number) => (n === middle ? how : undefined)

const unblock = ({ file }: Run) => writeFile(`${file}-go`, '')

/** Each of the others succeeded with its only attempt, and each ran once. */
async function othersAreWell(t: Test, { service, file, ids }: Run) {
  const tasks = await Promise.all(ids.map(service.finished))
  for (const [n, task] of tasks.entries()) {
    if (n !== middle) t.match(task, { state: 'SUCCESS', attempts: 1, result: n })
  }
  const ran = (await readFile(file, 'utf8')).trim().split('\n').map(Number)
  const others = ran.filter(n => n !== middle).toSorted((a, b) => a - b)
  t.strictSame(
    others,
    Array.from({ length: many }, (_, n) => n).filter(n => n !== middle)
  )
  return tasks[middle]!
}

t.test('a body that ends its process is the only one that counts it', async t => {
  const run = await begin(t, only('exits'))

  t.match(await othersAreWell(t, run), { state: 'FAILURE', attempts: 3, error: { type: 'poisoned' } })
  t.strictSame(await outcomes(run.service, run.ids[middle]!), ['crashed', 'crashed', 'crashed'])
})

t.test('a body that ends its process after its attempt harms no other attempt', async t => {
  const run = await begin(t, n => (n % 20 === 5 ? 'leaves' : undefined))

  const tasks = await Promise.all(run.ids.map(run.service.finished))
  t.ok(tasks.every(({ state }) => state === 'SUCCESS'))
})

t.test('a failure is that of its own attempt', async t => {
  const run = await begin(t, only('fails'))

  t.match(await othersAreWell(t, run), { state: 'FAILURE', attempts: 1, error: { message: `no ${middle}` } })
})

t.test('what a body prints is kept with its own attempt', async t => {
  const run = await begin(t, n => (n % 3 === 0 ? 'prints' : undefined))
  await othersAreWell(t, run)

  for (const [n, id] of run.ids.entries()) {
    const { items } = (await run.service.get(`/api/tasks/${id}/attempts`)).json()
    t.equal(items[0].stderr, n % 3 === 0 ? `this is ${n}\n` : null)
  }
})

t.test('those behind a body that blocks run in another child meanwhile', async t => {
  const run = await begin(t, only('blocks'), { WORKER_CONCURRENCY: '2', WORKER_PREFETCH_MULTIPLIER: '1' })

  for (const id of run.ids.toSpliced(middle, 1)) await run.service.finished(id)
  await unblock(run)

  t.match(await othersAreWell(t, run), { state: 'SUCCESS', attempts: 1 })
})

t.test('a task that is cancelled behind a body that blocks never runs', async t => {
  const run = await begin(t, only('blocks'))
  await run.service.until(run.ids[middle - 1]!, ({ state }) => state === 'SUCCESS')
  const last = run.ids.at(-1)!

  // 202 where the worker has claimed it already.
  t.match((await run.service.post(`/api/tasks/${last}/cancel`)).statusCode, /^20[02]$/)

  t.match(await run.service.finished(last), { state: 'REVOKED' })
  await unblock(run)
  await Promise.all(run.ids.map(run.service.finished))
  t.notMatch(await readFile(run.file, 'utf8'), /^59$/m)
})

t.test('a cancelled body ends alone', async t => {
  const run = await begin(t, only('hangs'))
  const id = run.ids[middle]!
  await run.service.until(run.ids[middle - 1]!, ({ state }) => state === 'SUCCESS')

  await run.service.post(`/api/tasks/${id}/cancel`)

  t.match(await othersAreWell(t, run), { state: 'REVOKED' })
  t.strictSame(await outcomes(run.service, id), ['cancelled'])
})

t.test('a time limit is that of one attempt', async t => {
  const run = await begin(t, only('hangs'), { TASK_TIME_LIMIT: '1' })

  t.match(await othersAreWell(t, run), { state: 'FAILURE', error: { type: 'TimeLimit' } })
})

t.test('a worker that stops in the middle gives the others back, unbegun', async t => {
  const run = await begin(t, only('blocks'))
  await run.service.until(run.ids[middle - 1]!, ({ state }) => state === 'SUCCESS')

  const stopped = run.worker.stop(30)
  await run.service.until(run.ids[middle + 1]!, ({ state }) => state === 'PENDING')
  await unblock(run)
  await stopped
  await run.service.startWorker()

  await othersAreWell(t, run)
})
