import pg from 'pg'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import type { ApplyOptions } from '../../src/calling/submit.ts'
import { close, defineTask, GiveUp, TaskFailed } from '../../src/darkroom.ts'
import { waitingForLocks } from '../harness/locks.ts'
import { openPgBoss } from '../harness/pg-boss.ts'
import { openService } from '../harness/service.ts'
import { taskFolder } from '../harness/task-folder.ts'

// The same definition for the program that submits and the worker that runs it.
const source = `
import { defineTask, GiveUp } from 'darkroom'
import { Type } from 'typebox'
export default defineTask({
  name: 'sum',
  args: Type.Object({ x: Type.Number(), y: Type.Number() }),
  run({ x, y }) {
    if (x < 0) throw new GiveUp('x is negative', 'Negative')
    return x + y
  }
})`

const chain = `
import { defineTask } from 'darkroom'
import { Type } from 'typebox'
import sum from './sum.ts'
export default defineTask({
  name: 'chain',
  args: Type.Object({}),
  async run() {
    const { id } = await sum.delay({ x: 4, y: 6 })
    return { id, secrets: Object.keys(process.env).filter(name => name.startsWith('DATABASE_URL')) }
  }
})`

const sum = defineTask({
  name: 'sum',
  args: Type.Object({ x: Type.Number(), y: Type.Number() }),
  run({ x, y }) {
    if (x < 0) throw new GiveUp('x is negative', 'Negative')
    return x + y
  }
})

const echo = defineTask({ name: 'echo', args: Type.Object({}), run: args => args })

/** Arguments nested so many levels deep. */
function nested(levels: number) {
  let value: object = {}
  for (let level = 1; level < levels; level++) value = { value }
  return value
}

/** The same as JSON, for which JSON.stringify would run out of stack. */
function deep(levels: number) {
  return `${'{"value":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`
}

const service = await openService(t, {
  env: { TASKS_DIR: await taskFolder(t, { 'sum.ts': source, 'chain.ts': chain }) }
})
process.env.DATABASE_URL = service.url
t.teardown(async () => {
  await close()
  delete process.env.DATABASE_URL
})

async function openClient(t: Test) {
  const client = new pg.Client({ connectionString: service.url })
  await client.connect()
  t.teardown(() => client.end())
  return client
}

t.test('a call runs the body in this process, and checks its arguments', async t => {
  t.equal(await sum({ x: 4, y: 6 }), 10)
  await t.rejects(sum({ x: -1, y: 6 }), { message: 'x is negative' })
  await t.rejects(sum({ x: 'four' } as never), { code: 'INVALID_REQUEST' })
})

t.test('a kind made from another is a kind of its own', async t => {
  const total = defineTask({ ...sum, name: 'total' })

  const { id } = await total.delay({ x: 4, y: 6 })

  t.match(await service.db.query.selectFrom('tasks').selectAll().where('id', '=', id).execute(), [{ task: 'total' }])
})

t.test('options are those of a submission over HTTP, and are checked like them', async t => {
  const eta = new Date(Date.now() + 3_600_000)

  const handle = await sum.applyAsync(
    { x: 1, y: 2 },
    { eta, priority: 7, queue: 'low_priority', tags: ['one'], max_retries: 9 }
  )

  t.match((await service.get(`/api/tasks/${handle.id}`)).json(), {
    task: 'sum',
    args: { x: 1, y: 2 },
    status: 'SCHEDULED',
    eta: eta.toISOString(),
    priority: 7,
    queue: 'low_priority',
    tags: ['one'],
    max_retries: 9
  })
  await t.rejects(sum.applyAsync({ x: 1, y: 2 }, { priority: 10 }), { code: 'INVALID_REQUEST' })
  await t.rejects(sum.applyAsync({ x: 1, y: 2 }, { queue: 'nowhere' }), { code: 'UNKNOWN_QUEUE' })
  await handle.revoke()
  t.equal(await handle.state(), 'REVOKED')
})

t.test("a value that Postgres cannot store is refused by its field, and the caller's transaction goes on", async t => {
  const client = await openClient(t)
  await client.query('begin')
  const args = { x: 1, y: 2 }

  for (const [options, field] of [
    [{ name: 'a\0b', tags: [] }, 'name'],
    [{ tags: ['fine', '\ud83d'] }, 'tags[1]']
  ] as const) {
    await t.rejects(sum.applyAsync(args, { ...options, tags: [...options.tags], transaction: client }), {
      code: 'INVALID_REQUEST',
      errors: [{ field }]
    })
  }

  const handle = await sum.applyAsync(args, { name: '\\u0000 😀', transaction: client })
  await client.query('commit')
  t.equal(await handle.state(), 'PENDING')
})

t.test('a value that JSON cannot express is refused by its field, as over HTTP', async t => {
  const never = new Date(Number.NaN)
  const circle: Record<string, unknown> = {}
  circle.self = circle
  const accepted = (args: unknown) => echo.applyAsync(args as never).then(({ id }) => service.get(`/api/tasks/${id}`))
  const cases: [what: string, args: unknown, options: ApplyOptions, field: string][] = [
    ['a start at no time', {}, { eta: never }, 'eta'],
    ['a start too far away', {}, { eta: new Date(8.64e15) }, 'eta'],
    ['an end at no time', {}, { expires: never }, 'expires'],
    ['more levels than are allowed', nested(200), {}, 'args'],
    ['more levels than Postgres can take', nested(5_000), {}, 'args'],
    ['more levels than JSON can have', nested(20_000), {}, 'args'],
    ['a circle', circle, {}, 'args'],
    ['a number that JSON does not know', { x: 1n }, {}, 'args']
  ]

  for (const [what, args, options, field] of cases) {
    await t.rejects(echo.applyAsync(args as never, options), { code: 'INVALID_REQUEST', errors: [{ field }] }, what)
  }
  for (const levels of [200, 5_000, 20_000]) {
    const { statusCode, body } = await service.post('/api/tasks', `{"task": "echo", "args": ${deep(levels)}}`, {
      'content-type': 'application/json'
    })
    t.equal(statusCode, 400)
    t.match(JSON.parse(body), { code: 'INVALID_REQUEST', detail: /nests more than 200 levels deep/ }, `${levels}`)
  }
  t.strictSame((await accepted(nested(199))).json().args, nested(199), 'and what is allowed there is allowed here')
})

t.test('a queue that has just been removed is unknown, also inside a transaction', async t => {
  const boss = await openPgBoss(t, service)
  await boss.createQueue('passing')
  const client = await openClient(t)
  const options = { queue: 'passing' }
  const refused = { code: 'UNKNOWN_QUEUE', errors: [{ field: 'queue' }] }
  await sum.applyAsync({ x: 1, y: 2 }, options)

  await boss.deleteQueue('passing')

  await client.query('begin')
  await t.rejects(sum.applyAsync({ x: 1, y: 2 }, { ...options, transaction: client }), refused)
  await t.rejects(sum.applyAsync({ x: 1, y: 2 }, options), refused)
  const { id } = await sum.applyAsync({ x: 1, y: 2 }, { transaction: client })
  await client.query('commit')
  t.equal((await service.get(`/api/tasks/${id}`)).statusCode, 200, 'which is not spoilt')
})

t.test('a queue that a transaction has submitted to cannot be removed before the commit', async t => {
  const boss = await openPgBoss(t, service)
  await boss.createQueue('lasting')
  const client = await openClient(t)
  await client.query('begin')
  const { id } = await sum.applyAsync({ x: 1, y: 2 }, { queue: 'lasting', transaction: client })

  const refused = boss.deleteQueue('lasting').catch(({ constraint }) => constraint)
  await waitingForLocks(service, 'the removal waits')
  await client.query('commit')

  t.equal((await service.get(`/api/tasks/${id}`)).statusCode, 200)
  t.equal(await refused, 'q_fkey')
})

t.test('a task expires on time, also one that was submitted in a transaction', async t => {
  const client = await openClient(t)
  const heard: number[] = []
  client.on('notification', ({ payload }) => heard.push(Number(payload)))
  await client.query('listen darkroom_deadline')

  const alone = await sum.applyAsync({ x: 1, y: 1 }, { expires: 0.2 })
  await client.query('begin')
  const inside = await sum.applyAsync({ x: 1, y: 1 }, { expires: 0.2, transaction: client })
  await client.query('commit')
  await sum.applyAsync({ x: 1, y: 1 })

  for (const { id } of [alone, inside]) {
    t.match(await service.finished(id), { state: 'REVOKED', error: { type: 'expired' } })
  }
  t.strictSame(heard, [200, 200], 'in milliseconds, once each')
})

t.test('with a worker', async t => {
  t.before(() => service.startWorker({ WORKER_CONCURRENCY: '1' }))

  t.test('delay submits a task, and the handle has its state and result', async t => {
    const handle = await sum.delay({ x: 4, y: 6 })

    t.equal(await handle.get({ timeout: 20 }), 10)
    t.equal(await handle.state(), 'SUCCESS')
    t.equal(await handle.ready(), true)
    t.equal(await handle.successful(), true)
    t.equal(await handle.failed(), false)
    await handle.forget()
    await t.rejects(handle.state(), { code: 'TASK_NOT_FOUND' })
  })

  t.test('get throws the error of the task, and a TimeoutError after its timeout', async t => {
    const failed = await sum.applyAsync({ x: -1, y: 0 })
    const late = await sum.applyAsync({ x: 1, y: 0 }, { countdown: 3600 })

    await t.rejects(
      failed.get({ timeout: 20 }),
      new TaskFailed({
        id: failed.id,
        state: 'FAILURE',
        error: { type: 'Negative', message: 'x is negative' }
      } as never)
    )
    t.equal(await failed.failed(), true)
    await t.rejects(late.get({ timeout: 0.05 }), { name: 'TimeoutError' })
    await t.rejects(late.forget(), { code: 'TASK_NOT_FINISHED' })
  })

  t.test("a task in the caller's transaction exists once that commits", async t => {
    const client = await openClient(t)

    await client.query('begin')
    const dropped = await sum.applyAsync({ x: 1, y: 1 }, { transaction: client })
    await client.query('rollback')
    await client.query('begin')
    const kept = await sum.applyAsync({ x: 2, y: 2 }, { transaction: client })
    t.equal((await service.get(`/api/tasks/${kept.id}`)).statusCode, 404)
    await client.query('commit')

    t.equal(await kept.get({ timeout: 20 }), 4)
    await t.rejects(dropped.state(), { code: 'TASK_NOT_FOUND' })
  })

  t.test('a body submits further tasks, and has no address of the database in its environment', async t => {
    const chain = await service.finished(await service.submit('chain'))

    t.match(chain, { state: 'SUCCESS', result: { secrets: [] } })
    t.match(await service.finished((chain.result as { id: string }).id), { task: 'sum', result: 10 })
  })
})
