import type pg from 'pg'
import t from 'tap'
import { administer, seat } from '../harness/seat.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t)
const reader = await seat(t, service.url, 'darkroom_reader')
const operator = await seat(t, service.url, 'darkroom_operator')
const id = await service.submit('add', { x: 1, y: 2 })
const { rows: views } = await service.db.pool.query(
  `select relname as name from pg_class where relnamespace = 'ops'::regnamespace and relkind = 'v'`
)
const refused = (client: pg.Client, text: string, pattern = /permission denied/) =>
  client.query(text).then(
    () => t.fail(`${text} was allowed`),
    error => t.match(error, { code: '42501', message: pattern }, text)
  )

t.test('both roles read every view', async t => {
  t.ok(views.length >= 14)
  for (const client of [reader, operator]) {
    for (const { name } of views) t.ok((await client.query(`select * from ops.${name} limit 5`)).rows, name)
  }
  t.match((await reader.query('select id, status from ops.tasks')).rows, [{ id, status: 'PENDING' }])
})

t.test('neither touches a table, and neither writes through a view', async _t => {
  for (const client of [reader, operator]) {
    for (const text of [
      'select from darkroom.tasks',
      'select from pgboss.job',
      'update darkroom.tasks set priority = 1',
      'select darkroom.revoke_task(gen_random_uuid(), null)',
      `update ops.events set state = 'SUCCESS'`,
      'delete from ops.events',
      'create table ops.mine (id int)'
    ]) {
      await refused(client, text)
    }
  }
})

t.test('a reader calls no function, an operator calls each', async t => {
  const calls = [
    `ops.enqueue_task('add', '{"x": 1, "y": 1}')`,
    `ops.why('${id}')`,
    `ops.change_task('${id}', priority => 5)`,
    `ops.cancel_task('${id}')`,
    `ops.retry_task('${id}')`,
    `ops.retry_where()`,
    `ops.cancel_where()`,
    `ops.pause_queue('media')`,
    `ops.resume_queue('media')`
  ]
  for (const call of calls) {
    await refused(reader, `select ${call}`)
    t.ok((await operator.query(`select ${call}`)).command, call)
  }
  await refused(reader, 'select ops.end_session(1)')
  await t.rejects(operator.query('select ops.end_session(1)'), { code: 'DR404' })
})

t.test(
  'a reader has a limit of time where it logs in as the role, and the operator reads as a reader does',
  async t => {
    const { rows } = await administer(
      service.url,
      `select rolname, rolcanlogin, rolconfig from pg_roles where rolname in ('darkroom_reader', 'darkroom_operator') order by 1`
    )

    t.match(rows, [
      { rolname: 'darkroom_operator', rolcanlogin: false },
      { rolname: 'darkroom_reader', rolcanlogin: false, rolconfig: ['statement_timeout=30s'] }
    ])
    t.match(
      (await administer(service.url, `select pg_has_role('darkroom_operator', 'darkroom_reader', 'usage') as is`)).rows,
      [{ is: true }]
    )
  }
)

t.test('everybody else may do nothing', async t => {
  const { rows } = await service.db.pool.query(
    `select p.proname from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.pronamespace = 'ops'::regnamespace and a.grantee = 0`
  )

  t.strictSame(rows, [])
})
