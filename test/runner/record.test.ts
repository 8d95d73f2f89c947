import { randomUUID } from 'node:crypto'
import pg from 'pg'
import pino from 'pino'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { openMetrics } from '../../src/metrics/metrics.ts'
import { asideWriter } from '../../src/runner/books/aside.ts'
import { followUps } from '../../src/runner/books/follow-up.ts'
import { openCounter } from '../../src/stats/counter.ts'
import { claim } from '../../src/tasks/attempts/claim.ts'
import { defineTask } from '../../src/tasks/define.ts'
import { voiceOf } from '../../src/tasks/voice.ts'
import { register } from '../../src/workers/presence.ts'
import { waitingForLocks } from '../harness/locks.ts'
import { outcomes } from '../harness/outcomes.ts'
import { openService, type Service } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { spawnWorker } from '../harness/worker-process.ts'

const folder = await taskFolder(t, {
  'noting.ts': taskModule(
    'noting',
    'return args.row',
    `async record (trx, { args }) {
      await trx.withSchema('public').updateTable('notes').set({ noted: 'yes' }).where('id', '=', args.row).execute()
    }`
  )
})

t.jobs = 3

/** A service with a table that a kind records to. */
async function openNotes(t: Test) {
  const service = await openService(t, { env: { TASKS_DIR: folder } })
  await service.db.pool.query(`create table public.notes as select id, 'no' as noted from generate_series(1, 9) id;
    grant all on public.notes to darkroom_app`)
  return service
}

/** An open transaction that holds a lock on a note. */
async function hold(t: Test, { url }: Service, note: number) {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.end())
  await client.query('begin')
  await client.query('select from public.notes where id = $1 for update', [note])
  return client
}

const stateOf = async ({ get }: Service, id: string) => (await get(`/api/tasks/${id}`)).json().state

t.test('a lock that a record waits for delays its own task, and no other outcome', async t => {
  const service = await openNotes(t)
  await service.startWorker()
  const lock = await hold(t, service, 1)
  // More than there are connections for them.
  const held = await Promise.all(Array.from({ length: 5 }, () => service.submit('noting', { row: 1 })))
  await waitingForLocks(service, 'a record waits')

  const others = [
    await service.submit('noting', { row: 2 }),
    await service.submit('add', { x: 1, y: 2 }),
    await service.submit('noting', { row: 3 }),
    await service.submit('sleep', { seconds: 0 })
  ]
  for (const id of others) t.match(await service.finished(id), { state: 'SUCCESS', attempts: 1 })

  for (const id of held) t.equal(await stateOf(service, id), 'STARTED')
  await lock.query('commit')
  for (const id of held) {
    t.match(await service.finished(id), { state: 'SUCCESS', result: 1, attempts: 1 })
    t.strictSame(await outcomes(service, id), ['success'])
  }
})

t.test('nor does it keep a worker from stopping, after which the task is tried again', async t => {
  const service = await openNotes(t)
  const worker = await spawnWorker(t, service, { WORKER_CONCURRENCY: '1' })
  const lock = await hold(t, service, 1)
  const id = await service.submit('noting', { row: 1 })
  await waitingForLocks(service, 'its record waits')

  await service.post(`/api/workers/${worker.id}/shutdown`, { mode: 'warm' })

  t.strictSame(await worker.exited, { code: 0, signal: null })
  await worker.heard('could not be written in time')
  await lock.query('commit')
  await service.startWorker()
  t.match(await service.finished(id), { state: 'SUCCESS', result: 1 })
})

// Records that never end, as if the database were away, and the task's error after its time limit.
const troubles: Record<string, { record(): Promise<undefined>; message: RegExp }> = {
  'fails as if the database were away': {
    record: () => Promise.reject(Object.assign(new Error('its own store is away'), { code: 'ECONNREFUSED' })),
    message: /could not be written: its own store is away/
  },
  'does not come to its end': {
    record: () => new Promise(() => {}),
    message: /could not be written: .*longer than 0\.1 s/
  }
}

for (const [what, { record, message }] of Object.entries(troubles)) {
  t.test(`a task whose record ${what} fails when there has been enough of it`, async t => {
    const service = await openService(t)
    const { pool } = service.db
    const log = pino({ level: 'silent' })
    const worker = randomUUID()
    const pools = { child: ['add'], inline: [] }
    await register(pool, { id: worker, version: 'test', queues: ['default'], pools, concurrency: 1 })
    const id = await service.submit('add', { x: 1, y: 2 })
    const { claims } = await claim(pool, { worker, rooms: [{ queue: 'default', slots: 1 }], most: 1, keepers: [] })
    const followUp = followUps({
      pool,
      voice: voiceOf(pool),
      counter: openCounter({ pool, metrics: openMetrics(), log }),
      log
    })
    const aside = asideWriter({ db: service.db, log, followUp, limits: { each: 100, trouble: 500 } })
    t.teardown(() => aside.close())

    aside.add({
      claim: claims[0]!,
      kind: defineTask({ name: 'add', args: Type.Object({}), run: () => 3, record }),
      ending: {
        ...{ id, queue: 'default', attempt: 1, worker, started_at: new Date() },
        outcome: 'success',
        result: '3',
        next: { state: 'SUCCESS' }
      }
    })

    t.match(await service.finished(id), { state: 'FAILURE', error: { type: 'NotRecorded', message } })
    t.strictSame(aside.waiting(), [])
  })
}
