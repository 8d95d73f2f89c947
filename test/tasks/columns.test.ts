import { randomUUID } from 'node:crypto'
import t from 'tap'
import { connect, throughIndexes } from '../../src/database/connect.ts'
import { claim } from '../../src/tasks/attempts/claim.ts'
import { claimedColumns, taskColumns } from '../../src/tasks/columns.ts'
import { TaskBody } from '../../src/tasks/schemas.ts'
import { register } from '../../src/workers/presence.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t)
const { pool } = service.db
const columns = Object.entries(taskColumns)

t.test('the list has the columns of the table, in its order and with its types', async t => {
  const { rows } = await pool.query<{ attname: string; type: string }>(
    `select attname, format_type(atttypid, atttypmod) as type from pg_attribute
    where attrelid = 'darkroom.tasks'::regclass and attnum > 0 and not attisdropped order by attnum`
  )
  const names: Record<string, string> = { int: 'integer', timestamptz: 'timestamp with time zone' }

  t.strictSame(
    columns.map(([name, { type }]) => [name, names[type] ?? type]),
    rows.map(({ attname, type }) => [attname, type])
  )
})

t.test('a task of the API has each shown column, and the derived fields', t => {
  const shown = columns
    .filter(([name, { shown }]) => shown && name !== 'result_expires' && name !== 'owner')
    .map(([name]) => name)

  t.strictSame(Object.keys(TaskBody.properties).sort(), [...shown, 'status', 'result', 'result_expires_at'].sort())
  t.end()
})

t.test('a claim returns each column that a worker needs', async t => {
  const db = connect(service.url, { name: 'test', max: 1, settings: throughIndexes })
  t.teardown(() => db.close())
  const worker = randomUUID()
  const pools = { child: ['add'], inline: [] }
  await register(db.pool, { id: worker, version: 'test', queues: ['default'], pools, concurrency: 1 })
  const requested = { 'x-request-id': 'columns' }
  await service.post('/api/tasks', { task: 'add', args: { x: 1, y: 2 } }, requested)

  const [claimed] = (await claim(db.pool, { worker, rooms: [{ queue: 'default', slots: 1 }], most: 1, keepers: [] }))
    .claims

  const names = claimedColumns.split(/,\s+/).map(column => column.replace(/^t\.(?:\w+ as )?/, ''))
  t.strictSame(
    names.filter(name => !(name in claimed!)),
    []
  )
})

t.test('a retried task has each column of a new one, except for its history', async t => {
  const options = { name: 'n', tags: ['a'], priority: 2, countdown: 600, expires: 6_000, time_limit: 5 }
  const id = await service.submit('add', { x: 1, y: 2 }, options)
  const row = async () => (await pool.query('select * from darkroom.tasks where id = $1', [id])).rows[0]
  const before = await row()
  await pool.query(
    `update darkroom.tasks set attempts = 4, failures = 2, crashes = 1, progress = 0.5, progress_detail = '1',
      started_at = now(), worker = gen_random_uuid() where id = $1`,
    [id]
  )
  await service.post(`/api/tasks/${id}/cancel`)

  await service.post(`/api/tasks/${id}/retry`)

  t.strictSame(await row(), { ...before, attempts: 4, eta: null, expires_at: null })
})
