import { randomUUID } from 'node:crypto'
import t from 'tap'
import { type Claim, claim } from '../../../src/tasks/attempts/claim.ts'
import { unclaim } from '../../../src/tasks/attempts/unclaim.ts'
import { findOrphans } from '../../../src/tasks/endings/recover.ts'
import { settle } from '../../../src/tasks/endings/settle.ts'
import { register } from '../../../src/workers/presence.ts'
import { waitingForLocks } from '../../harness/locks.ts'
import { openService } from '../../harness/service.ts'
import { until } from '../../harness/until.ts'

const service = await openService(t)
const { pool } = service.db
const worker = randomUUID()
await register(pool, {
  id: worker,
  version: 'test',
  queues: ['default'],
  pools: { child: ['add'], inline: [] },
  concurrency: 1
})

const take = async () =>
  (await claim(pool, { worker, rooms: [{ queue: 'default', slots: 1 }], most: 1, keepers: [] })).claims[0]!
const read = async (id: string) => (await service.get(`/api/tasks/${id}`)).json()

async function fail({ id, queue, attempt }: Claim) {
  const error = { type: 'Error', message: 'no' }
  const next = { state: 'RETRY' as const, delay: 0 }
  await settle(service.db, [{ id, queue, attempt, worker, started_at: new Date(), outcome: 'failure', error, next }])
}

async function jobOf(id: string) {
  const { rows } = await pool.query(
    'select name, state, retry_count, started_on, completed_on from pgboss.job where id = $1',
    [id]
  )
  return rows[0]
}

t.test('a task that is put back has its row and job as before the claim', async t => {
  const id = await service.submit('add', { x: 1, y: 1 })
  const before = { task: await read(id), job: await jobOf(id) }

  const back = await unclaim(service.db, [await take()])

  t.match(back, [{ id, queue: 'default' }])
  t.strictSame({ task: await read(id), job: await jobOf(id) }, before)
  const again = await take()
  t.match(again, { id, attempt: 1 })
  await unclaim(service.db, [again])
  await service.post(`/api/tasks/${id}/cancel`)
})

t.test('a retry that is put back keeps its history', async t => {
  const id = await service.submit('add', { x: 1, y: 1 })
  await fail(await take())
  const before = { task: await read(id), job: await jobOf(id) }

  const second = await take()
  await unclaim(service.db, [second])

  t.equal(second.attempt, 2)
  const { started_on: _, ...job } = await jobOf(id)
  const { started_on: __, ...jobBefore } = before.job
  t.strictSame({ task: await read(id), job }, { task: before.task, job: jobBefore })
  t.equal((await take()).attempt, 2, 'the number is used again')
  await service.post(`/api/tasks/${id}/cancel`)
  await unclaim(service.db, [second])
})

t.test('a retry that is put back after its start deadline runs all the same: it had started in time', async t => {
  const id = await service.submit('add', { x: 1, y: 1 }, { expires: 600 })
  await fail(await take())
  await pool.query(`update darkroom.tasks set expires_at = now() - interval '1 second' where id = $1`, [id])

  await unclaim(service.db, [await take()])

  const again = await take()
  t.match(again, { id, attempt: 2 })
  await fail(again)
  await service.post(`/api/tasks/${id}/cancel`)
})

t.test('a task whose start deadline passed while its worker held it expires when it is put back', async t => {
  const id = await service.submit('add', { x: 1, y: 1 }, { expires: 0.1 })
  const taken = await take()
  await until(async () => {
    const { rows } = await pool.query('select from darkroom.deadlines where task_id = $1', [id])
    return rows.length === 0
  }, 'its time has come')
  t.equal((await read(id)).state, 'STARTED')

  await unclaim(service.db, [taken])

  // No worker claims it any more.
  t.match(await service.finished(id), { state: 'REVOKED', error: { type: 'expired' }, attempts: 0, started_at: null })
})

t.test('a task that was cancelled while its worker held it is revoked when it is put back', async t => {
  const id = await service.submit('add', { x: 1, y: 1 })
  const taken = await take()
  const response = await service.post(`/api/tasks/${id}/cancel`)
  t.equal(response.statusCode, 202)

  await unclaim(service.db, [taken])

  t.match(await read(id), { state: 'REVOKED', error: { type: 'cancelled' }, attempts: 0, started_at: null })
  t.match(await jobOf(id), { state: 'cancelled' })
})

t.test('a task that is cancelled at the moment it is put back is revoked', async t => {
  const id = await service.submit('add', { x: 1, y: 1 })
  const taken = await take()
  const canceller = await pool.connect()
  await canceller.query('begin')
  await canceller.query('select from pgboss.job where id = $1 for update', [id])

  const back = unclaim(service.db, [taken])
  await waitingForLocks(service, 'the second waits for the lock')
  await canceller.query('update darkroom.tasks set cancel_requested_at = now() where id = $1', [id])
  await canceller.query('commit')
  canceller.release()
  await back

  t.match(await read(id), { state: 'REVOKED', error: { type: 'cancelled' }, attempts: 0 })
  t.match(await jobOf(id), { state: 'cancelled' })
})

t.test('an attempt that its worker has lost is not put back', async t => {
  const id = await service.submit('add', { x: 1, y: 1 })
  const first = await take()
  await fail(first)
  const second = await take()

  t.strictSame(await unclaim(service.db, [first]), [])

  t.match(await read(id), { state: 'STARTED', attempts: 2 })
  await unclaim(service.db, [second])
})

t.test('recovery of a lost worker leaves alone tasks that it has put back and another worker has claimed', async t => {
  const [gone, other] = [randomUUID(), randomUUID()]
  for (const id of [gone, other])
    await register(pool, {
      id,
      version: 'test',
      queues: ['default'],
      pools: { child: ['add'], inline: [] },
      concurrency: 1
    })
  const takeAs = async (id: string) =>
    (await claim(pool, { worker: id, rooms: [{ queue: 'default', slots: 1 }], most: 1, keepers: [] })).claims[0]!
  const id = await service.submit('add', { x: 1, y: 1 }, { priority: 9 })
  const taken = await takeAs(gone)
  await pool.query(`update darkroom.workers set status = 'lost', stopped_at = now() where id = $1`, [gone])

  const orphans = await findOrphans(pool)
  await unclaim(service.db, [taken])
  const again = await takeAs(other)
  t.match(again, { id, attempt: 1 }, 'the number is used again')

  t.strictSame(await settle(service.db, orphans), [])
  t.match(await read(id), { state: 'STARTED', attempts: 1, worker: other })
  await unclaim(service.db, [again])
  await service.post(`/api/tasks/${id}/cancel`)
})
