import pg from 'pg'
import t, { type Test } from 'tap'
import { seat } from '../harness/seat.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const service = await openService(t)
const reader = await seat(t, service.url, 'darkroom_reader')
const operator = await seat(t, service.url, 'darkroom_operator')
const id = await service.submit('add', { x: 1, y: 2 })

/** Somebody's forgotten transaction, which holds the task's row. */
async function forgotten(t: Test) {
  const client = new pg.Client({ connectionString: service.url, application_name: 'a notebook' })
  let ended = false
  client.on('error', () => {
    ended = true
  })
  await client.connect()
  t.teardown(() => client.end().catch(() => {}))
  await client.query('begin')
  const { rows } = await client.query(
    'select pg_backend_pid() as pid, $1::uuid from darkroom.tasks where id = $1 for update',
    [id]
  )
  return { pid: rows[0].pid as number, ended: () => ended }
}

t.test('a lock names its session, what it does, whom it blocks and the statement that ends it', async t => {
  const { pid, ended } = await forgotten(t)
  const blocked = service.db.pool.query(`update darkroom.tasks set tags = '{a}' where id = $1`, [id])
  blocked.catch(() => {})
  const look = async () => (await reader.query('select * from ops.locks where pid = $1', [pid])).rows[0]
  await until(async () => (await look()).blocks.length === 1, 'the other one waits')

  const lock = await look()
  t.match(lock, {
    login: 'darkroom',
    application: 'a notebook',
    state: 'idle in transaction',
    age: Number,
    idle: Number,
    query: /for update/,
    ends_it: `select pg_terminate_backend(${pid})`
  })
  t.ok(lock.tables.includes('darkroom.tasks RowShareLock'))
  const [waiting] = (await reader.query('select * from ops.locks where pid = $1', [lock.blocks[0]])).rows
  t.match(waiting, { blocked_by: [pid], query: /update darkroom.tasks/ })

  t.match((await operator.query('select ops.end_session($1) as ended', [pid])).rows, [{ ended: true }])
  await until(ended, 'the session ends')
  await blocked
  t.equal(await look(), undefined)
})

t.test('only sessions that hold locks on our tables can be ended', async t => {
  const { rows } = await reader.query('select pg_backend_pid() as pid')

  await t.rejects(operator.query('select ops.end_session($1)', [rows[0].pid]), {
    code: 'DR404',
    hint: 'ops.locks lists those that do'
  })
})
