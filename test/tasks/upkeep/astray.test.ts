import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { astray } from '../../../src/tasks/upkeep/astray.ts'
import { gate } from '../../harness/gate.ts'
import { openPgBoss } from '../../harness/pg-boss.ts'
import { openService, type Service } from '../../harness/service.ts'
import { taskFolder, taskModule } from '../../harness/task-folder.ts'
import { until } from '../../harness/until.ts'

const TASKS_DIR = await taskFolder(t, {
  ...gate,
  'talk.ts': taskModule(
    'talk',
    'for (let said = 1; ; said++) { progress(Math.min(0.9, said / 1000), { said }); await delay(100, undefined, { signal }) }'
  )
})

const read = async ({ get }: Service, id: string) => (await get(`/api/tasks/${id}`)).json()

t.test('a worker that starts runs a job where it was moved by hand, and cancels one whose task has ended', async t => {
  const service = await openService(t)
  const { pool } = service.db
  const job = await service.submit('add', { x: 1, y: 1 })
  const task = await service.submit('add', { x: 2, y: 2 })
  await pool.query(`update pgboss.job set name = 'high_priority' where id = $1`, [job])
  await pool.query(`update darkroom.tasks set queue = 'high_priority' where id = $1`, [task])
  const ended = await service.submit('add', { x: 1, y: 1 })
  await service.post(`/api/tasks/${ended}/cancel`)
  await pool.query(`update pgboss.job set state = 'created', completed_on = null where id = $1`, [ended])

  await service.startWorker()

  t.match(await service.finished(job), { state: 'SUCCESS', result: 2, queue: 'high_priority' })
  t.match(await service.finished(task), { state: 'SUCCESS', result: 4, queue: 'default' })
  const state = async () => (await pool.query('select state from pgboss.job where id = $1', [ended])).rows[0].state
  await until(async () => (await state()) === 'cancelled', 'its job is cancelled')
  t.match(await read(service, ended), { state: 'REVOKED', attempts: 0 })
})

t.test('tasks whose jobs were removed or changed are revoked at the second pass, and no others', async t => {
  const service = await openService(t, { env: { TASKS_DIR, WORKER_CONCURRENCY: '3' }, worker: true })
  const { pool } = service.db
  const boss = await openPgBoss(t, service)
  const file = path.join(service.dataDir, 'gate')
  const running = () => service.submit('gate', { gate: file })
  const waiting = () => service.submit('add', { x: 1, y: 1 }, { countdown: 600 })
  const removed = [await running(), await waiting()]
  const cancelled = [await running(), await waiting()]
  const changed = [await waiting()]
  const fine = [await running(), await waiting()]
  for (const [id] of [removed, cancelled, fine]) await service.until(id!, ({ state }) => state === 'STARTED')
  await pool.query('delete from pgboss.job where id = any($1)', [removed])
  await boss.cancel('default', cancelled[0]!)
  await boss.cancel('delayed', cancelled[1]!)
  await pool.query(`update pgboss.job set state = 'active' where id = any($1)`, [changed])
  const look = astray(pool)

  t.equal(await look(), 0)
  for (const id of [...removed, ...cancelled, ...changed]) t.match(await read(service, id), { finished_at: null })
  t.equal(await look(), 5)

  for (const id of [...removed, ...cancelled, ...changed]) {
    t.match(await read(service, id), { state: 'REVOKED', error: { type: 'job_gone' } })
  }
  const worker = async () => (await service.get('/api/workers')).json().items[0]
  await until(async () => (await worker()).running.length === 1, 'the other bodies were stopped')
  const { rows } = await pool.query(`select id from pgboss.job where id = any($1) and state < 'completed'`, [
    [...removed, ...cancelled, ...changed]
  ])
  t.strictSame(rows, [], 'none of their jobs is left open')
  await writeFile(file, '')
  t.match(await service.finished(fine[0]!), { state: 'SUCCESS', attempts: 1 })
  t.match(await read(service, fine[1]!), { state: 'PENDING' })
})

t.test('a task whose job or state has changed since the last pass gets another pass', async t => {
  const service = await openService(t)
  const { pool } = service.db
  const id = await service.submit('add', { x: 1, y: 1 })
  const end = () => pool.query(`update pgboss.job set state = 'completed', completed_on = now() where id = $1`, [id])
  const look = astray(pool)

  await end()
  t.equal(await look(), 0)
  await pool.query(`update pgboss.job set state = 'created', completed_on = null where id = $1`, [id])
  t.equal(await look(), 0, 'it is as it should be')
  await end()
  t.equal(await look(), 0)
  await pool.query(`update darkroom.tasks set state = 'RETRY' where id = $1`, [id])
  t.equal(await look(), 0, 'a DBA is at work')

  t.match(await read(service, id), { state: 'RETRY' })
})

t.test('a body that reports progress all the time is stopped like any other when a DBA ends its job', async t => {
  const service = await openService(t, { env: { TASKS_DIR, WORKER_CONCURRENCY: '2' }, worker: true })
  const { pool } = service.db
  const ids = [await service.submit('talk'), await service.submit('talk')]
  for (const id of ids) await service.until(id, ({ progress }) => progress !== null)
  await pool.query(`update pgboss.job set state = 'cancelled', completed_on = now() where id = $1`, [ids[0]])
  await pool.query('delete from pgboss.job where id = $1', [ids[1]])
  const look = astray(pool)
  const versions = async () =>
    (await pool.query('select xmin from darkroom.tasks where id = any($1)', [ids])).rows.map(({ xmin }) => xmin)
  const before = await versions()

  t.equal(await look(), 0)
  await until(async () => (await versions()).every((version, at) => version !== before[at]), 'both have reported')
  t.equal(await look(), 2)

  for (const id of ids) t.match(await read(service, id), { state: 'REVOKED', error: { type: 'job_gone' } })
  const worker = async () => (await service.get('/api/workers')).json().items[0]
  await until(async () => (await worker()).running.length === 0, 'their bodies were stopped')
  for (const id of ids) {
    const { items } = (await service.get(`/api/tasks/${id}/attempts`)).json()
    t.match(items, [{ number: 1, outcome: 'cancelled', error: { type: 'job_gone' } }], 'its attempt is kept')
    t.equal(items.length, 1)
  }
})

t.test('they are found among thousands of others', async t => {
  const service = await openService(t)
  const { pool } = service.db
  const tasks = Array.from({ length: 2_500 }, () => ({ task: 'add', args: { x: 1, y: 1 } }))
  const { ids } = (await service.post('/api/tasks/bulk', { tasks })).json()
  const gone = ids.slice(0, 300).concat(ids[2_400])
  await pool.query('delete from pgboss.job where id = any($1)', [gone])
  const look = astray(pool)

  let ended = 0
  for (let looks = 0; looks < 5 && ended < gone.length; looks++) ended += await look()

  t.equal(ended, gone.length)
  for (const id of [gone[0], gone.at(-1)]) t.match(await read(service, id), { state: 'REVOKED' })
  t.match(await read(service, ids[1_000]), { state: 'PENDING' })
})
