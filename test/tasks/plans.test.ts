import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg, { type Pool } from 'pg'
import t from 'tap'
import { connect, throughIndexes } from '../../src/database/connect.ts'
import { readSeries } from '../../src/stats/series.ts'
import { type Claim, claim } from '../../src/tasks/attempts/claim.ts'
import { expireResults } from '../../src/tasks/builtin/expire-results.ts'
import { complete } from '../../src/tasks/endings/complete.ts'
import type { Ending } from '../../src/tasks/endings/ending.ts'
import { settle } from '../../src/tasks/endings/settle.ts'
import { findTasks } from '../../src/tasks/read/find.ts'
import { revokeJobless } from '../../src/tasks/upkeep/homeless.ts'
import { register } from '../../src/workers/presence.ts'
import { openService } from '../harness/service.ts'

const many = 1_000
const service = await openService(t)
const db = connect(service.url, { name: 'test', max: 1, settings: throughIndexes })
t.teardown(() => db.close())
const worker = randomUUID()
await register(db.pool, {
  id: worker,
  version: 'test',
  queues: ['default'],
  pools: { child: ['add'], inline: [] },
  concurrency: 1
})

/** A pool that records how many rows each statement read and discarded, by the plan that Postgres has for it. */
function watched(wasted: number[]): Pool {
  const query = async (statement: { name: string; text: string; values: unknown[] }) => {
    const values = statement.values.map(value => pg.escapeLiteral(literal(value)))
    await db.pool.query('begin')
    const { rows } = await db.pool.query(
      `explain (analyze, format json) execute ${statement.name} (${values.join(', ')})`
    )
    await db.pool.query('rollback')
    wasted.push(wasteOf(rows[0]['QUERY PLAN'][0].Plan))
    return db.pool.query(statement)
  }
  return { query } as unknown as Pool
}

function literal(value: unknown) {
  return Array.isArray(value) ? `{${value.join(',')}}` : String(value)
}

interface Plan {
  'Rows Removed by Filter'?: number
  'Rows Removed by Join Filter'?: number
  'Actual Loops': number
  'Actual Rows': number
  Plans?: Plan[]
}

/** Rows that the scans of a plan return. */
function readBy({ Plans = [], ...plan }: Plan): number {
  if (Plans.length === 0) return plan['Actual Rows'] * plan['Actual Loops']
  return Plans.reduce((sum, each) => sum + readBy(each), 0)
}

function wasteOf(plan: Plan): number {
  const own = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Join Filter'] ?? 0)
  return own * plan['Actual Loops'] + (plan.Plans ?? []).reduce((sum, each) => sum + wasteOf(each), 0)
}

const empty = [
  'truncate darkroom.tasks, darkroom.events, darkroom.attempts',
  `delete from pgboss.job where name = 'default'`,
  'vacuum analyze pgboss.job_common'
]
const situations = {
  'a fresh installation': [],
  'an idle service whose tables were empty when they were last looked at': [...empty, 'vacuum analyze darkroom.tasks'],
  'one that had a single task then': [
    ...empty,
    `insert into darkroom.tasks (id, task, queue, result_expires) values (gen_random_uuid(), 'add', 'none', 1)`,
    'vacuum analyze darkroom.tasks'
  ]
}

for (const [situation, statements] of Object.entries(situations)) {
  t.test(`a worker goes straight to its tasks in ${situation}`, async t => {
    for (const statement of statements) await db.pool.query(statement)
    // Postgres makes a plan at the first execution, and keeps it.
    await claim(db.pool, { worker, rooms: [{ queue: 'default', slots: 1 }], most: 1, keepers: [] })
    await complete(db.pool, [])
    const tasks = Array.from({ length: many }, () => ({ task: 'add', args: { x: 1, y: 1 } }))
    t.equal((await service.post('/api/tasks/bulk', { tasks })).statusCode, 201)
    const wasted: number[] = []

    const { claims } = await claim(watched(wasted), {
      worker,
      rooms: [{ queue: 'default', slots: many / 2 }],
      most: many / 2,
      keepers: []
    })
    t.equal((await complete(watched(wasted), claims.map(success))).length, many / 2)

    t.equal(wasted.length, 2)
    for (const rows of wasted) t.ok(rows < many / 4, `${rows} rows looked at in vain`)
  })
}

t.test('a task is read with its result by two look-ups, before Postgres has looked at its tables', async t => {
  const service = await openService(t)
  const db = connect(service.url, { name: 'test', max: 1, settings: throughIndexes })
  t.teardown(() => db.close())
  await db.pool.query('alter table pgboss.job_common set (autovacuum_enabled = false)')
  await db.pool.query('alter table darkroom.tasks set (autovacuum_enabled = false)')
  const tasks = Array.from({ length: many }, () => ({ task: 'add', args: { x: 1, y: 1 } }))
  const { ids } = (await service.post('/api/tasks/bulk', { tasks })).json()
  const { rows: kept } = await db.pool.query(`select from pg_stats where tablename = 'job_common'`)
  t.strictSame(kept, [], 'Postgres knows nothing about the table')

  const read: number[] = []
  const query = async ({ text, values }: { text: string; values: string[][] }) => {
    await db.pool.query(`prepare one (uuid[]) as ${text}`)
    const { rows } = await db.pool.query(`explain (analyze, format json) execute one ('{${values[0]}}')`)
    read.push(wasteOf(rows[0]['QUERY PLAN'][0].Plan))
    return db.pool.query(text, values)
  }
  const found = await findTasks({ ...db, pool: { query } as unknown as Pool }, [ids[many / 2]])

  t.match(found, [{ id: ids[many / 2] }])
  for (const rows of read) t.ok(rows < 10, `${rows} rows looked at in vain`)
})

t.test('expired results are found among any number of others', async t => {
  for (const statement of empty) await db.pool.query(statement)
  const tasks = Array.from({ length: many }, () => ({ task: 'add', args: { x: 1, y: 1 } }))
  t.equal((await service.post('/api/tasks/bulk', { tasks: tasks.slice(-10) })).statusCode, 201)
  const finish = (ago: string) =>
    db.pool.query(
      `update pgboss.job set state = 'completed', completed_on = now() - $1::interval
      where name = 'default' and state < 'active'`,
      [ago]
    )
  await finish('2 days')
  t.equal((await service.post('/api/tasks/bulk', { tasks })).statusCode, 201)
  // Before the others, but with a later expiry.
  await db.pool.query(`update pgboss.job set deletion_seconds = 864000 where name = 'default' and state < 'active'`)
  await finish('3 days')
  const wasted: number[] = []
  const query = async (text: string, values: unknown[] = []) => {
    await db.pool.query('begin')
    const { rows } = await db.pool.query(`explain (analyze, format json) ${text}`, values)
    await db.pool.query('rollback')
    wasted.push(wasteOf(rows[0]['QUERY PLAN'][0].Plan))
    return db.pool.query(text, values)
  }
  const context = { db: { ...db, pool: { query } }, log() {}, signal: new AbortController().signal }

  const kind = expireResults({ historyExpires: 864_000, remember: async () => {} })
  const removed = await kind.run({}, context as unknown as Parameters<typeof kind.run>[1])

  t.match(removed, { results: 10 })
  t.ok(wasted.length > 0)
  for (const rows of wasted) t.ok(rows < many / 4, `${rows} rows looked at in vain`)
})

t.test('a chart of the last hour reads the rows of that hour, however many there are', async t => {
  await db.pool.query(
    `insert into darkroom.minutes (minute, task, queue, created, run_hist)
     select date_trunc('minute', now()) - n * interval '1 minute', kind, 'default', 1, '{1,2,3}'
     from generate_series(1, 2880) n cross join unnest(array['a', 'b', 'c']) kind`
  )
  await db.pool.query(
    `insert into darkroom.queue_minutes (minute, queue, depth, oldest, running, next_sample_at)
     select minute, task, 1, 1, 1, now() from darkroom.minutes on conflict do nothing`
  )
  const hour = 3_600_000
  const now = Math.floor(Date.now() / 60_000) * 60_000
  const wasted: number[] = []
  const read: number[] = []
  const query = async ({ text, values }: { text: string; values: unknown[] }) => {
    const { rows } = await db.pool.query(`explain (analyze, format json) ${text}`, values)
    const { Plan } = rows[0]['QUERY PLAN'][0]
    wasted.push(wasteOf(Plan))
    read.push(readBy(Plan))
    return db.pool.query(text, values)
  }
  for (const hours of [false, true]) {
    const items = await readSeries({ query } as unknown as Pool, {
      metrics: ['created', 'run_p95', 'depth'],
      by: 'queue',
      range: { from: now - hour, to: now, step: 60_000, points: 60, hours },
      always: []
    })
    const [first] = items.filter(({ queue }) => queue === 'default')
    t.match(items[0], { queue: 'a', created: 0, depth: 1 })
    t.match(first, { queue: 'default', created: 3, run_p95: Number })
  }

  t.equal(read.length, 6)
  for (const rows of [...wasted, ...read]) t.ok(rows < 1_000, `${rows} rows of 8,640`)
})

t.test('a pass for tasks whose queue was removed ends within a lease, however many there are', async t => {
  let looks = 0
  const query = async () => {
    // Far longer than a lease; without this a failing test would not end.
    if (++looks > 500) throw new Error('it goes on and on')
    await delay(20)
    return { rows: [{ count: 200 }] }
  }

  t.equal(await revokeJobless({ query } as unknown as Pool), looks * 200)
})

const change = (text: string) => async (id: string) => {
  await db.pool.query(text, [id])
}
const changes = {
  'whose job a DBA has touched': change('update pgboss.job set priority = priority where id = $1'),
  'whose task a DBA has touched': change(`update darkroom.tasks set tags = '{seen}' where id = $1`)
}

for (const [what, touch] of Object.entries(changes)) {
  t.test(`an attempt ${what} while it ran is settled all the same`, async t => {
    for (const end of [
      (claim: Claim) => complete(db.pool, [success(claim)]),
      (claim: Claim) => settle(db, [failure(claim)])
    ]) {
      const id = await service.submit('add', { x: 1, y: 1 }, { priority: 9 })
      const { claims } = await claim(db.pool, { worker, rooms: [{ queue: 'default', slots: 1 }], most: 1, keepers: [] })
      t.equal(claims[0]?.id, id)
      await touch(id)

      t.match(await end(claims[0]!), [{ id }])

      const { rows } = await db.pool.query(
        `select t.state, j.state as job from darkroom.tasks t join pgboss.job j on j.id = t.id where t.id = $1`,
        [id]
      )
      t.match(rows, [{ state: /SUCCESS|FAILURE/, job: /completed|failed/ }])
    }
  })
}

function success({ id, queue, place, attempt }: Claim): Ending {
  const next = { state: 'SUCCESS' as const }
  return { id, queue, place, attempt, worker, started_at: new Date(), outcome: 'success', result: '2', next }
}

function failure({ id, queue, place, attempt }: Claim): Ending {
  const error = { type: 'Error', message: 'no' }
  const next = { state: 'FAILURE' as const }
  return { id, queue, place, attempt, worker, started_at: new Date(), outcome: 'failure', error, next }
}
