import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import t from 'tap'
import { migrate } from '../../src/migrate.ts'
import { linesOf } from '../harness/audit.ts'
import { byHand } from '../harness/by-hand.ts'
import { appUrlOf, clusterUrl, urlOf } from '../harness/cluster.ts'
import { borrowDatabase, emptyDatabase } from '../harness/database.ts'
import { local, openReceiver } from '../harness/receiver.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const ownerUrl = await borrowDatabase(t)
const url = await appUrlOf(ownerUrl)

async function session(url: string) {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.end())
  return client
}

t.test('API and worker do all their work as a role that owns nothing', async t => {
  const warnings: unknown[] = []
  const hear = (line: any) => line.level >= 40 && warnings.push(line)
  const receiver = await openReceiver(t)
  const service = await openService(t, { env: { ...local, DATABASE_URL: url }, worker: true, hear })
  const { get, post, patch } = service
  t.match((await service.db.pool.query('select session_user as is')).rows, [{ is: 'darkroom_app' }])

  await post('/api/webhooks', { url: receiver.url, types: ['task.completed'] })
  const done = await service.finished(await service.submit('add', { x: 1, y: 2 }))
  t.match(done, { state: 'SUCCESS', result: 3 })
  await receiver.got(1)
  t.match(await service.finished((await service.keep('no film')).task_id), { state: 'FAILURE' })
  const schedule = await post('/api/schedules', { name: 'often', every: 1, args: { data: '' } })
  t.equal(schedule.statusCode, 201)
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 3600 })
  t.equal((await patch(`/api/tasks/${id}`, { priority: 3 })).statusCode, 200)
  t.equal((await post(`/api/tasks/${id}/cancel`)).statusCode, 200)
  t.equal((await post(`/api/tasks/${id}/retry`)).statusCode, 202)
  await service.finished(id)
  t.equal((await service.delete(`/api/tasks/${id}`)).statusCode, 204)
  t.equal((await post('/api/queues/low_priority/pause')).statusCode, 200)
  t.equal((await post('/api/queues/low_priority/purge')).statusCode, 200)
  t.equal((await post('/api/queues/low_priority/resume')).statusCode, 200)
  for (const kind of [
    'sweep',
    'expire_results',
    'expire_deliveries',
    'expire_occurrences',
    'roll_up',
    'forget_workers'
  ]) {
    t.match(await service.finished(await service.submit(kind)), { state: 'SUCCESS' }, kind)
  }
  for (const path of [
    '/api/doctor',
    '/api/bulk-operations',
    '/api/problems',
    '/api/problems/history',
    '/api/problems/silences',
    '/api/bulk-operations',
    '/api/stats/series?metric=depth',
    '/health/ready',
    '/api/workers'
  ]) {
    t.equal((await get(path)).statusCode, 200, path)
  }
  t.strictSame(
    (await get('/api/doctor')).json().items.filter(({ code }: { code: string }) => code === 'check_failed'),
    []
  )
  t.ok((await linesOf(service)).length > 5)

  const owner = await session(ownerUrl)
  await byHand(owner, `select pgboss.delete_queue('due')`)
  await service.db.pool.query(`select pg_notify('darkroom_wake', 'due')`)
  const isBack = async () => (await owner.query(`select from pgboss.queue where name = 'due'`)).rowCount === 1
  await until(isBack, 'the queue of alarms is back')
  t.strictSame(
    warnings.filter(line => /permission denied|must be owner/.test(JSON.stringify(line))),
    [],
    'and nothing of it was denied'
  )
})

t.test('that role changes no line of the audit, makes no table, runs no program', async t => {
  const app = await session(url)
  const owner = await session(ownerUrl)
  await app.query(`insert into darkroom.audit (actor_kind, action, target_type) values ('system', 'test.one', 'test')`)
  for (const text of [
    `update darkroom.audit set actor_name = 'eve'`,
    'delete from darkroom.audit',
    'truncate darkroom.audit',
    'alter table darkroom.audit disable trigger user',
    'delete from darkroom.audit_seals',
    `insert into darkroom.audit_seals values (9, now(), 1, 1, 1, '', '')`,
    'drop trigger keep_audit on darkroom.audit',
    'select from darkroom.acts',
    'create table darkroom.mine (id int)',
    'create table public.mine (id int)',
    'create schema mine',
    `create or replace function darkroom.seal_audit() returns setof darkroom.audit_seals language sql return null`,
    `copy darkroom.audit to program 'true'`,
    'alter role darkroom_app superuser',
    'set role darkroom',
    'delete from darkroom.migrations',
    'drop table darkroom.tasks',
    'vacuum full darkroom.tasks'
  ]) {
    await app.query(text).then(
      // Vacuum skips tables of others with a warning.
      () => t.match(text, /^vacuum/, `${text} was allowed`),
      error => t.match(error.code, /^42501|42883|0A000$/, `${text}: ${error.message}`)
    )
  }
  t.equal((await owner.query('select from darkroom.audit')).rowCount! > 0, true)
})

t.test('that role makes queues, and applies no migration', async t => {
  t.strictSame(await migrate(url, ['renders'], () => {}), [])
  const owner = await session(ownerUrl)
  t.match((await owner.query(`select partition from pgboss.queue where name = 'renders'`)).rows, [{ partition: false }])
  t.strictSame(await migrate(url, ['renders'], () => {}), [], 'twice')

  await owner.query(`delete from darkroom.migrations where name like '0021%'`)
  await t.rejects(
    migrate(url, [], () => {}),
    { message: /lacks migrations.*darkroom migrate.*"darkroom"/ }
  )

  const empty = await emptyDatabase(t)
  await t.rejects(
    migrate(await appUrlOf(empty), [], () => {}),
    { code: '42501' }
  )
})

t.test('the roles of the README do', async t => {
  const readme = await readFile(path.resolve(import.meta.dirname, '../../README.md'), 'utf8')
  const recipe = /```\n(create role darkroom_owner[^`]+)```/.exec(readme)![1]!
  const name = `test_${randomBytes(8).toString('hex')}`
  const admin = await session(await clusterUrl('superuser'))
  // Roles belong to the cluster, which has this one already.
  const statements = recipe.split('\n').filter(line => line !== '' && !line.startsWith('create role darkroom_app'))
  for (const statement of statements) {
    await admin.query(statement.replaceAll('darkroom_owner', name).replace('database darkroom', `database ${name}`))
  }
  t.teardown(async () => {
    await admin.query(`drop database ${name} with (force)`)
    await admin.query(`drop role ${name}`)
  })
  const owner = new URL(urlOf(ownerUrl, name))
  Object.assign(owner, { username: name, password: '…' })
  const app = await appUrlOf(owner.href)

  await migrate(owner.href, [], () => {})
  await migrate(app, ['renders'], () => {})

  const service = await openService(t, { env: { DATABASE_URL: app }, worker: true })
  t.match(await service.finished(await service.submit('add', { x: 1, y: 2 })), { result: 3 })
})
