import t from 'tap'
import { seat } from '../harness/seat.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t, { worker: true })
const operator = await seat(t, service.url, 'darkroom_operator')
const enqueue = async (text: string) => (await operator.query(`select * from ops.enqueue_task(${text})`)).rows[0]

t.test('a submission is rolled back with its transaction, and runs within a second of its commit', async t => {
  await operator.query('begin')
  const dropped = await enqueue(`'add', '{"x": 1, "y": 2}'`)
  t.match((await operator.query('select id from ops.tasks where id = $1', [dropped.id])).rows, [{}])
  await operator.query('rollback')
  t.equal((await service.get(`/api/tasks/${dropped.id}`)).statusCode, 404)

  // The worker has nothing to do, and would look by itself only after seconds.
  await service.finished((await enqueue(`'add', '{"x": 0, "y": 0}'`)).id)
  await operator.query('begin')
  const kept = await enqueue(`'add', '{"x": 1, "y": 2}'`)
  await operator.query('select pg_sleep(1)')
  t.match((await service.get(`/api/tasks/${kept.id}`)).statusCode, 404, 'nobody sees it before')
  await operator.query('commit')
  const committed = Date.now()

  const { started_at, result } = await service.finished(kept.id)

  t.equal(result, 3)
  t.ok(
    Date.parse(started_at!) - committed < 1_000,
    `started ${Date.parse(started_at!) - committed} ms after the commit`
  )
})

t.test('ten thousand in one statement are fine, and start in their order', async t => {
  await service.post('/api/queues/high_priority/pause')
  const began = performance.now()

  const { rows } = await operator.query(
    `select (ops.enqueue_task('add', jsonb_build_object('x', g, 'y', 1), queue => 'high_priority', expires => 3600)).id
    from generate_series(1, 100) g`
  )
  await operator.query(
    `select count(ops.enqueue_task('add', jsonb_build_object('x', g, 'y', 1), queue => 'high_priority'))
    from generate_series(1, 9900) g`
  )

  t.comment(`${Math.round(performance.now() - began)} ms`)
  const ids = rows.map(({ id }) => id)
  t.strictSame(ids, ids.toSorted(), 'ids grow')
  t.match((await operator.query(`select depth from ops.queue_depth where name = 'high_priority'`)).rows, [
    { depth: 10_000 }
  ])
})

t.test('a trigger of the application submits, in the transaction of its row', async t => {
  const { pool } = service.db
  await pool.query('create schema app')
  await pool.query('create table app.orders (id int primary key)')
  await pool.query(`
    create function app.greet() returns trigger language plpgsql as $$
    begin
      perform ops.enqueue_task('process_data', jsonb_build_object('data', 'order ' || new.id));
      return null;
    end;
    $$`)
  await pool.query('create trigger greet after insert on app.orders for each row execute function app.greet()')

  await pool.query('insert into app.orders values (1)')

  const { rows } = await operator.query(`select id from ops.tasks where args ->> 'data' = 'order 1'`)
  t.match(await service.finished(rows[0].id), { result: { processed_data: 'ORDER 1' } })
})

t.test('an idempotency key makes one task of many calls', async t => {
  const call = `'add', '{"x": 1, "y": 2}', tags => array['a'], idempotency_key => 'nightly-2026-01-01'`
  const first = await enqueue(call)
  const again = await enqueue(call)

  t.strictSame(again, first)
  await t.rejects(enqueue(`'add', '{"x": 2, "y": 2}', idempotency_key => 'nightly-2026-01-01'`), { code: 'DR409' })
  await t.rejects(enqueue(`'add', '{"x": 2, "y": 2}', idempotency_key => 'ü'`), { code: 'DR400' })
})

t.test('an idempotency key stays for 24 hours, also in a time zone whose clocks have just changed', async t => {
  const call = `'add', '{"x": 1, "y": 2}', idempotency_key => 'yesterday'`
  const first = await enqueue(call)
  const age = `update darkroom.idempotency_keys set created_at = now() - $1::interval where key = 'yesterday'`
  await service.db.pool.query(age, ['23 hours 30 minutes'])
  // Its summer began twelve hours ago, so that its last day has 23 hours.
  const change = new Date(Date.now() - 12 * 3_600_000)
  const day = Math.floor((change.getTime() - Date.UTC(change.getUTCFullYear(), 0, 1)) / 86_400_000) + 1
  await operator.query(`set timezone = 'AAA0BBB,${day - 1}/${change.getUTCHours()},${(day + 100) % 365}'`)
  const { rows } = await operator.query(`select extract(epoch from now() - (now() - interval '1 day')) / 3600 as hours`)
  t.equal(Number(rows[0].hours), 23)

  const again = await enqueue(call)

  t.equal(again.id, first.id)
  await service.db.pool.query(age, ['24 hours 1 minute'])
  t.not((await enqueue(call)).id, first.id)
  await operator.query('reset timezone')
})

t.test('a film has one open task by SQL, too', async t => {
  await service.post('/api/queues/media/pause')
  const { id } = await service.keep('a film')

  await t.rejects(enqueue(`'process_video', '{"video_id": "${id}"}'`), {
    code: 'DR409',
    message: `The video "${id}" has an open process_video task: wait for it, or cancel it first`
  })
})

t.test('a kind that no process knows any more is withdrawn', async t => {
  await service.db.pool.query(
    `insert into darkroom.kinds select (k).* from (select jsonb_populate_record(k, '{"name": "gone"}') as k from darkroom.kinds k limit 1) k`
  )
  const other = await openService(t, { env: { DATABASE_URL: service.url, DATA_DIR: service.dataDir } })

  t.strictSame((await operator.query(`select from ops.kinds where name = 'gone'`)).rowCount, 0)
  t.ok(other)
})
