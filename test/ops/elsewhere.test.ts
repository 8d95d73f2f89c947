import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import t from 'tap'
import { migrate } from '../../src/migrate.ts'
import { debian, openDebian, skipWithoutDebian } from '../harness/debian.ts'
import { openService } from '../harness/service.ts'

const readme = await readFile(path.resolve(import.meta.dirname, '../../README.md'), 'utf8')

/** On another Postgres, the oldest that Debian has, whose role of the service may create no roles. */
t.test('elsewhere', { skip: skipWithoutDebian }, async t => {
  const superuser = await openDebian(t)
  const admin = new pg.Client({ connectionString: superuser })
  await admin.connect()
  t.teardown(() => admin.end())
  await admin.query('create role darkroom login')
  for (const name of ['one', 'other']) await admin.query(`create database ${name} owner darkroom`)
  const one = new URL(superuser)
  one.username = 'darkroom'
  one.pathname = '/one'
  const other = new URL(one)
  other.pathname = '/other'
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-elsewhere-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))

  await t.test(
    'migrations do without the roles and say what a superuser types; then the next start grants',
    async t => {
      const said: string[] = []
      await migrate(one.href, [], message => said.push(message))
      t.match(said, [/may not create them. A superuser can: create role darkroom_reader nologin; /])

      const statements = /```\n(create role darkroom_reader nologin;[\s\S]*?)```/.exec(readme)![1]!
      await admin.query(statements)
      await migrate(one.href, [], message => said.push(message))

      t.equal(said.length, 1)
      await admin.query('create role anna login in role darkroom_operator')
      const anna = new URL(one)
      anna.username = 'anna'
      const client = new pg.Client({ connectionString: anna.href })
      await client.connect()
      t.teardown(() => client.end())
      t.equal((await client.query('select * from ops.queue_depth')).rowCount, 4)
      await t.rejects(client.query(`select ops.enqueue_task('nothing')`), { code: 'DR400', message: /no kind of task/ })
    }
  )

  await t.test('pg_dump while running, pg_restore elsewhere, go on: no task lost, none doubled', async t => {
    const service = await openService(t, { env: { DATABASE_URL: one.href } })
    const worker = await service.startWorker()
    const bulk = async (count: number, options = {}) => {
      const tasks = Array.from({ length: count }, (_, index) => ({ task: 'add', args: { x: index, y: 1 }, ...options }))
      return (await service.post('/api/tasks/bulk', { tasks })).json().ids as string[]
    }
    const ended = await bulk(50)
    for (const id of ended) await service.finished(id)
    const later = await bulk(20, { countdown: 3600 })
    const running = await service.submit('sleep', { seconds: 3 })
    await service.until(running, ({ state }) => state === 'STARTED')
    const waiting = await bulk(500)

    const file = path.join(folder, 'darkroom.pgdump')
    const dumping = debian('pg_dump', ['--format=custom', `--file=${file}`, one.href])
    // What is submitted meanwhile is in the dump or not, but not by half.
    await bulk(200)
    await dumping
    await worker.stop(0)
    await service.api.stop(0)
    const as = new URL(other)
    as.username = 'postgres'
    await debian('pg_restore', ['--no-owner', '--role=darkroom', '--exit-on-error', `--dbname=${as.href}`, file])

    const DATA_DIR = path.join(folder, 'data')
    await mkdir(DATA_DIR)
    await copyFile(path.join(service.dataDir, 'installation'), path.join(DATA_DIR, 'installation'))
    const restored = new pg.Client({ connectionString: other.href })
    await restored.connect()
    t.teardown(() => restored.end())
    const before = new Map<string, any>(
      (await restored.query('select id, state, attempts from ops.tasks')).rows.map(row => [row.id, row])
    )
    for (const id of [...ended, ...later, running, ...waiting]) if (!before.has(id)) t.fail(`${id} is lost`)
    const next = await openService(t, {
      env: { DATABASE_URL: other.href, DATA_DIR },
      worker: true
    })
    for (const id of [...waiting, running]) t.match(await next.finished(id), { state: 'SUCCESS' })
    for (const { id } of before.values()) if (!later.includes(id)) await next.finished(id)

    const { rows } = await restored.query(
      `select t.id, t.state, t.attempts, t.status, (select count(*)::int from pgboss.job j where j.id = t.id) as jobs,
        (select count(*)::int from ops.events e where e.task_id = t.id and e.state = 'SUCCESS') as successes
      from ops.tasks t where t.task in ('add', 'sleep')`
    )
    for (const { id, state, attempts, status, jobs, successes } of rows) {
      const old = before.get(id)
      const expected = later.includes(id)
        ? { status: 'SCHEDULED', jobs: 1, successes: 0 }
        : { status: 'COMPLETED', jobs: 1, successes: 1 }
      t.match({ status, jobs, successes }, expected)
      if (old?.state === 'SUCCESS') t.strictSame({ state, attempts }, { state: old.state, attempts: old.attempts })
    }
  })
})
