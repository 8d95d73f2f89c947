import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { mock } from 'node:test'
import pg from 'pg'
import t, { type Test } from 'tap'
import { openLease } from '../../src/runner/books/lease.ts'
import { register } from '../../src/workers/presence.ts'
import { openTally } from '../../src/workers/tally.ts'
import { families, processesIn } from '../harness/family.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const folder = await taskFolder(t, families)

t.test('another running worker takes over when the lease has run out', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const file = path.join(service.dataDir, 'pids')
  const first = await spawnWorker(t, service)
  const second = await spawnWorker(t, service, { WORKER_QUEUES: 'default' })
  const id = await service.submit('patient', { file })
  await processesIn(file)
  const { worker } = (await service.get(`/api/tasks/${id}`)).json()
  const [dead, alive] = worker === first.id ? [first, second] : [second, first]

  dead.kill('SIGKILL')
  await dead.exited
  // As if time had passed.
  await service.db.pool.query(
    `update darkroom.workers set heartbeat_at = now() - interval '11 seconds' where id = $1`,
    [dead.id]
  )

  t.match(await service.finished(id), { state: 'SUCCESS', attempts: 2, worker: alive.id })
})

t.test('a worker on the same machine does not wait for the lease of a process that is gone', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  const file = path.join(service.dataDir, 'pids')
  const first = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1' })
  const id = await service.submit('patient', { file })
  await processesIn(file)
  const second = await spawnWorker(t, service)

  first.kill('SIGKILL')
  await first.exited

  // It has missed a heartbeat, and its lease never runs out.
  await until(async () => {
    const { rowCount } = await service.db.pool.query(
      `update darkroom.workers set heartbeat_at = now() - interval '5 seconds' where id = $1 and status = 'running'`,
      [first.id]
    )
    return rowCount === 0
  }, 'it is known to be gone')
  t.match(await service.finished(id), { state: 'SUCCESS', attempts: 2, worker: second.id })
})

t.test('a worker that was suspended for longer than its lease writes nothing to tasks that it has lost', async t => {
  const slow = await taskFolder(t, {
    'slow.ts': taskModule(
      'slow',
      `appendFileSync(args.file, process.pid + '\\n'); await delay(300); return 'of attempt ' + attempt`
    )
  })
  const service = await openService(t, { env: { TASKS_DIR: slow } })
  const file = path.join(service.dataDir, 'pids')
  const first = await spawnWorker(t, service)
  const id = await service.submit('slow', { file })
  await processesIn(file)

  first.kill('SIGSTOP')
  await service.db.pool.query(`update darkroom.workers set status = 'lost', stopped_at = now() where id = $1`, [
    first.id
  ])
  const second = await spawnWorker(t, service)
  const task = await service.finished(id)
  first.kill('SIGCONT')

  t.match(task, { state: 'SUCCESS', result: 'of attempt 2', attempts: 2, worker: second.id })
  // It takes a new name and works on: it is heard of again when it takes the only place there is for a task.
  second.kill('SIGTERM')
  await second.exited
  const again = await service.finished(await service.submit('slow', { file }))
  t.equal(again.state, 'SUCCESS')
  t.not(again.worker, first.id)
  t.strictSame(await outcomes(service, id), ['crashed', 'success'])
  t.strictSame((await service.get(`/api/tasks/${id}`)).json(), task)
})

/** The lease of a worker beside another one, with clocks of the test's own: `beat` lets the time of a heartbeat pass. */
async function openLeases(t: Test) {
  const { db } = await openService(t)
  const [me, other] = [randomUUID(), randomUUID()]
  const pools = { child: ['add'], inline: [] }
  for (const id of [me, other]) {
    await register(db.pool, { id, version: 'test', queues: ['default'], pools, concurrency: 1 })
  }

  let passed = 0
  let set = 0
  const [now, ticking] = [Date.now, performance.now.bind(performance)]
  mock.method(Date, 'now', () => now() + passed + set)
  mock.method(performance, 'now', () => ticking() + passed)
  t.teardown(() => mock.restoreAll())
  const lease = openLease({ pool: db.pool, registration: { id: me } })
  const report = { children: 0, memory: 0, cpu: 0, tasks: openTally().counts(0) }

  return {
    async beats(times: number) {
      for (let left = times; left > 0; left--) {
        passed += 3_000
        await lease.renew(report)
      }
    },
    /** No heartbeat reaches Postgres. */
    misses(times: number) {
      passed += times * 3_000
    },
    setClock(milliseconds: number) {
      set += milliseconds
    },
    /** As if a silent worker's time had passed. */
    async silenceOther() {
      const text = `update darkroom.workers set heartbeat_at = now() - interval '13 seconds' where id = $1`
      await db.pool.query(text, [other])
    },
    statusOfOther: async () =>
      (await db.pool.query('select status from darkroom.workers where id = $1', [other])).rows[0].status
  }
}

t.test(
  'after an outage longer than a lease no worker is declared lost that could not renew its lease meanwhile',
  async t => {
    const { beats, misses, silenceOther, statusOfOther } = await openLeases(t)
    await beats(5)

    misses(4)
    await silenceOther()
    await beats(1)

    t.equal(await statusOfOther(), 'running')
    await beats(4)
    t.equal(await statusOfOther(), 'lost', 'it has had one lease to come back')
  }
)

t.test('a clock that is set back does not make a dead worker look alive', async t => {
  const { beats, setClock, silenceOther, statusOfOther } = await openLeases(t)
  await beats(1)

  setClock(-3_600_000)
  await silenceOther()
  await beats(4)

  t.equal(await statusOfOther(), 'lost')
})

t.test(
  'while a machine sleeps one of its clocks stands still, and no worker is declared lost that slept too',
  async t => {
    const { beats, setClock, silenceOther, statusOfOther } = await openLeases(t)
    await beats(5)

    setClock(3_600_000)
    await silenceOther()
    await beats(1)

    t.equal(await statusOfOther(), 'running')
  }
)

/** A DBA's transaction that stays open. */
async function openTransaction(t: Test, { url }: Service, ...statements: string[]) {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.end())
  await client.query('begin')
  for (const statement of statements) await client.query(statement)
}

async function heartbeatOf({ db }: Service, id: string): Promise<Date> {
  const { rows } = await db.pool.query('select heartbeat_at, status from darkroom.workers where id = $1', [id])
  if (rows[0].status !== 'running') throw new Error(`The worker is ${rows[0].status}`)
  return rows[0].heartbeat_at
}

/** The start of the statement that waits for a lock. */
async function waitingSince({ db }: Service): Promise<Date | undefined> {
  const { rows } = await db.pool.query(
    `select query_start from pg_stat_activity
     where datname = current_database() and application_name = 'darkroom worker' and wait_event_type = 'Lock'`
  )
  return rows[0]?.query_start
}

t.test('a lease is renewed while a task of a lost worker is locked', async t => {
  const service = await openService(t)
  const { id: worker } = await service.startWorker({ WORKER_QUEUES: 'other' })
  const orphan = await service.submit('add', { x: 1, y: 1 })
  const { pool } = service.db
  await pool.query(`update pgboss.job set state = 'active', started_on = now() where id = $1`, [orphan])
  await openTransaction(t, service, `select from pgboss.job where id = '${orphan}' for update`)
  await pool.query(
    `update darkroom.tasks set state = 'STARTED', attempts = 1, started_at = now(), worker = $2 where id = $1`,
    [orphan, randomUUID()]
  )
  const since = await until(() => waitingSince(service), 'the worker waits for the lock')

  await until(async () => (await heartbeatOf(service, worker)).getTime() > since.getTime() + 7_000, 'it shows itself')
})

t.test('a lease is renewed while the row of a lost worker is locked', async t => {
  const service = await openService(t)
  const { id: worker } = await service.startWorker()
  await service.db.pool.query(
    `insert into darkroom.workers (id, host, machine, pid, version, queues, kinds, concurrency, heartbeat_at)
     select gen_random_uuid(), host, machine, 2147483647, version, queues, kinds, 1, now() - interval '1 hour' from darkroom.workers`
  )
  await openTransaction(t, service, `select from darkroom.workers where id <> '${worker}' for update`)
  const began = (await heartbeatOf(service, worker)).getTime()

  await until(async () => {
    if (await waitingSince(service)) throw new Error('The worker waits for the lock')
    return (await heartbeatOf(service, worker)).getTime() > began + 14_000
  }, 'it shows itself, also when it would end the other one by its lease')
})

t.test('an attempt that was lost and ends late does not hide the next attempt of its task', async t => {
  const kinds = await taskFolder(t, {
    'slow.ts': taskModule(
      'slow',
      `const { existsSync } = await import('node:fs')
       if (attempt === 1) while (!existsSync(args.file)) await delay(20)
       await delay(attempt === 1 ? 0 : 600_000, undefined, { signal })`,
      `pool: 'inline'`
    )
  })
  const said: string[] = []
  const service = await openService(t, { env: { TASKS_DIR: kinds }, hear: ({ msg }) => said.push(msg) })
  const file = path.join(service.dataDir, 'go')
  const first = await service.startWorker()
  const id = await service.submit('slow', { file })
  await service.until(id, ({ state }) => state === 'STARTED')
  const second = await service.startWorker({ WORKER_QUEUES: 'other' })
  // Right after a heartbeat of the first, and before its next one: that would hand the attempt back.
  const before = await heartbeatOf(service, first.id)
  await until(async () => (await heartbeatOf(service, first.id)) > before, 'the first renews its lease')
  await service.db.pool.query(`update darkroom.workers set status = 'lost', stopped_at = now() where id = $1`, [
    first.id
  ])
  // A change of its row is a heartbeat of the second, and with every fourth it looks for what lost workers held.
  for (const concurrency of [3, 4, 5, 6]) await service.patch(`/api/workers/${second.id}`, { concurrency })
  await service.until(id, ({ attempts, state }) => attempts === 2 && state === 'STARTED')

  await writeFile(file, '')
  await until(
    () => said.some(line => line.startsWith('an attempt ended that was no longer ours')),
    'the first has ended'
  )
  const answer = await service.post(`/api/tasks/${id}/cancel?wait=30`)

  t.match(answer.json(), { state: 'REVOKED', attempts: 2 })
  t.strictSame(await outcomes(service, id), ['crashed', 'cancelled'])
})
