import pg from 'pg'
import t from 'tap'
import { connect } from '../../src/database/connect.ts'
import { isMigrated } from '../../src/database/migrations.ts'
import { migrate } from '../../src/migrate.ts'
import { borrowDatabase, emptyDatabase } from '../harness/database.ts'

async function query(url: string, text: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

t.test('servers that start together on an empty database all start, and one of them migrates it', async t => {
  const url = await emptyDatabase(t)

  const applied = await Promise.all([1, 2, 3].map(() => migrate(url, ['extra'], () => {})))

  t.equal(applied.filter(names => names.length > 0).length, 1)
  t.match(applied.flat()[0], /^0001_/)
  const queues = (await query(url, 'select name from pgboss.queue order by name')).map(({ name }) => name)
  t.strictSame(
    queues.filter(name => !name.startsWith('__pgboss__')),
    ['default', 'delayed', 'due', 'extra', 'high_priority', 'low_priority', 'media']
  )
  t.strictSame(
    (await query(url, 'select name from darkroom.migrations')).map(({ name }) => name),
    applied.flat()
  )
})

t.test('an up-to-date database is not changed', async t => {
  const url = await borrowDatabase(t)
  const everything = `
    select table_schema, table_name, column_name, data_type from information_schema.columns
    where table_schema in ('darkroom', 'pgboss') order by 1, 2, 3`
  const before = await query(url, everything)

  const applied = await migrate(url, [], () => {})

  t.strictSame(applied, [])
  t.strictSame(await query(url, everything), before)
})

t.test('a queue that a kind names later is created, and existing queues are kept', async t => {
  const url = await borrowDatabase(t)
  await query(url, `update pgboss.queue set retry_limit = 7 where name = 'default'`)

  await migrate(url, ['default', 'later', 'later'], () => {})

  t.strictSame(await query(url, `select name, retry_limit from pgboss.queue where name in ('default', 'later')`), [
    { name: 'default', retry_limit: 7 },
    { name: 'later', retry_limit: 0 }
  ])
})

t.test('a migration that fails leaves no change, and reports the reason', async t => {
  const url = await emptyDatabase(t)
  await query(url, 'create schema darkroom; create table darkroom.renditions ()')

  await t.rejects(
    migrate(url, [], () => {}),
    /renditions/
  )

  t.strictSame(
    await query(
      url,
      `select table_name from information_schema.tables where table_schema = 'darkroom' and table_name not like 'migrations%'`
    ),
    [{ table_name: 'renditions' }]
  )
  await query(url, 'drop table darkroom.renditions')
  t.match(await migrate(url, [], () => {}), [/^0001_/])
})

t.test('a server that cannot reach its database fails soon', async t => {
  await t.rejects(
    migrate('postgres://nobody@127.0.0.1:1/nowhere', [], () => {}),
    { code: 'ECONNREFUSED' }
  )
})

t.test('the check whether a database is up to date is right before and after a migration', async t => {
  const url = await emptyDatabase(t)
  const db = connect(url, { name: 'mine', max: 1 })
  t.teardown(() => db.close())

  await t.rejects(isMigrated(db), { code: '42P01' })
  await migrate(url, [], () => {})
  t.equal(await isMigrated(db), true)
  await db.pool.query('delete from darkroom.migrations')
  t.equal(await isMigrated(db), false)
})

t.test('a database of a newer version is refused, with the remedy', async t => {
  const url = await borrowDatabase(t)
  const start = () => migrate(url, [], () => {})

  await query(url, `update pgboss.version set version = version + 1`)
  await t.rejects(start(), /^The database has schema \d+ of pg-boss, which this version \(.+\) does not know: start/)
  await query(url, `insert into darkroom.migrations (name, timestamp) values ('0999_future', now()::text)`)
  await t.rejects(
    start(),
    /The database has the migration 0999_future, which this version \(.+\) does not know: start the/
  )

  await query(url, `update pgboss.version set version = version - 1`)
  await query(url, `delete from darkroom.migrations where name = '0999_future'`)
  t.strictSame(await start(), [])
})
