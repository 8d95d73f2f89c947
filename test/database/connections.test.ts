import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import t, { type Test } from 'tap'
import { connect, type InTransaction, throughIndexes } from '../../src/database/connect.ts'
import { listen } from '../../src/database/listen.ts'
import { announcer } from '../../src/database/notify.ts'
import { isOutage } from '../../src/database/outage.ts'
import { adminUrl } from '../harness/cluster.ts'
import { borrowDatabase } from '../harness/database.ts'
import { openProxy } from '../harness/proxy.ts'
import { until } from '../harness/until.ts'

// Some tests wait for the silence timeout.
t.jobs = 3

async function open(t: Test) {
  const url = await borrowDatabase(t)
  const db = connect(url, { name: 'mine', max: 3 })
  t.teardown(() => db.close())
  const admin = new pg.Client({ connectionString: await adminUrl(url) })
  await admin.connect()
  t.teardown(() => admin.end())
  const terminate = (name: string) =>
    admin.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and application_name = $1`,
      [name]
    )
  return { url, db, admin, terminate }
}

t.test('an idle connection that breaks is replaced', async t => {
  const { db, terminate } = await open(t)
  await Promise.all(Array.from({ length: 3 }, () => db.pool.query('select pg_sleep(0.05)')))

  await terminate('mine')
  await until(() => db.pool.totalCount === 0, 'the pool has noticed')

  const { rows } = await db.pool.query('select 1 as one')
  t.strictSame(rows, [{ one: 1 }])
})

t.test('a connection that breaks between two statements of a transaction fails that transaction alone', async t => {
  const { db, terminate } = await open(t)

  const transaction = db.query.transaction().execute(async trx => {
    await trx.selectFrom('tasks').select('id').execute()
    await terminate('mine')
    await until(async () => !(await answers(trx)), 'the connection is gone')
    await trx.selectFrom('tasks').select('id').execute()
  })

  const error = await transaction.catch(error => error)
  t.ok(isOutage(error), error.message)
  t.strictSame(await db.query.selectFrom('tasks').select('id').execute(), [])
})

t.test('a connection does not keep the async context of the request that opened it', async t => {
  const { db } = await open(t)
  const whose = new AsyncLocalStorage<string>()
  const first = await whose.run('his', () => db.pool.connect())
  let heard: string | undefined = 'never called'
  first.once('notice', () => {
    heard = whose.getStore()
  })

  await first.query(`do $$ begin raise warning 'look'; end $$`)

  t.equal(heard, undefined)
  first.release()
})

const answers = (trx: InTransaction) =>
  trx
    .selectFrom('tasks')
    .select('id')
    .execute()
    .then(
      () => true,
      () => false
    )

t.test('errors of an unreachable database are told from errors of a statement', async t => {
  const { url, db, admin } = await open(t)
  const name = new URL(url).pathname.slice(1)
  const failing = async (url: string, text = 'select 1') => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
    try {
      await client.connect()
      return await client.query(text)
    } catch (error) {
      return error
    } finally {
      await client.end().catch(() => {})
    }
  }
  const elsewhere = (change: (url: URL) => void) => {
    const other = new URL(url)
    change(other)
    return other.href
  }

  t.ok(isOutage(await failing(elsewhere(other => (other.port = '1')))), 'no listener')
  t.ok(isOutage(await failing(elsewhere(other => (other.pathname = '/nowhere')))), 'there is no such database')
  t.ok(isOutage(await failing(elsewhere(other => (other.hostname = 'nowhere.invalid')))), 'there is no such host')
  t.ok(isOutage(await failing(elsewhere(other => (other.hostname = '255.255.255.255')))), 'there is no way to it')
  t.ok(isOutage(await failing('postgres:///x?host=/nowhere')), 'there is no such socket')
  const silent = createServer(socket => t.teardown(() => socket.destroy())).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const { port } = silent.address() as AddressInfo
  t.ok(isOutage(await failing(`postgres://me@127.0.0.1:${port}/me`)), 'no answer')
  t.ok(isOutage(await failing(url, 'select pg_terminate_backend(pg_backend_pid())')), 'the connection was ended')
  t.ok(isOutage(await failing(url, `set statement_timeout = 1; select pg_sleep(5)`)), 'it takes too long')
  await admin.query(`alter database ${name} with connection limit 0`)
  await admin.query(`create role passerby login password 'x'`)
  const passing = elsewhere(other => {
    other.username = 'passerby'
    other.password = 'x'
  })
  t.ok(isOutage(await failing(passing)), 'there are too many connections')
  await admin.query('drop role passerby')
  await admin.query(`alter database ${name} with connection limit -1`)

  for (const text of ['select 1/0', 'select * from nowhere', 'selec', `select 'x'::int`]) {
    t.notOk(isOutage(await failing(url, text)), text)
  }
  t.notOk(isOutage(Object.assign(new Error('no such file'), { code: 'ENOENT', syscall: 'open' })))
  t.notOk(isOutage(new Error('whatever')))
  t.notOk(isOutage('a text'))
  t.notOk(isOutage(undefined))
  await db.pool.query('select 1')
})

t.test(
  'a listener hears notifications again after its connection was lost, and learns that some may be missing',
  async t => {
    const { url, db, terminate } = await open(t)
    const heard: string[] = []
    let reconnected = 0
    const errors: Error[] = []
    const ears = await listen({
      url,
      name: 'ears',
      channels: {
        first: payload => heard.push(`1 ${payload}`),
        'Second channel': payload => heard.push(`2 ${payload}`)
      },
      onReconnect: () => reconnected++,
      onError: error => errors.push(error)
    })
    t.teardown(() => ears.close())
    const say = (channel: string, payload: string) => db.pool.query('select pg_notify($1, $2)', [channel, payload])

    await say('first', 'a')
    await say('Second channel', 'b')
    await say('third', 'c')
    await until(() => heard.length === 2, 'both are heard')
    t.equal(reconnected, 0)

    for (let round = 1; round <= 3; round++) {
      await terminate('ears')
      await until(() => reconnected === round, 'it is back')
      await say('first', `round ${round}`)
      await until(() => heard.at(-1) === `1 round ${round}`, 'it hears again')
    }
    t.equal(errors.length, 3)

    await ears.close()
    await terminate('ears')
    await say('first', 'after the end')
    t.equal(reconnected, 3)
    t.equal(heard.at(-1), '1 round 3')
  }
)

t.test('a listener that cannot connect at first rejects', async t => {
  const url = 'postgres://nobody@127.0.0.1:1/nowhere'

  await t.rejects(listen({ url, name: 'ears', channels: {}, onReconnect: () => {}, onError: () => {} }))
})

t.test('words announced together share notifications, each word once, in payloads that Postgres accepts', async t => {
  const { url, db } = await open(t)
  const payloads: string[] = []
  const ears = await listen({
    url,
    name: 'ears',
    channels: { words: payload => payloads.push(payload) },
    onReconnect: () => {},
    onError: () => {}
  })
  t.teardown(() => ears.close())
  const voice = announcer(db.pool, 'words')
  const ids = Array.from({ length: 1_000 }, (_, n) => `${n}`.padStart(36, '0'))

  voice.say('first')
  voice.say('second', 'third')
  voice.say('second')
  for (const id of ids) voice.say(id)
  for (const id of ids) voice.say(id)
  await voice.flush()
  voice.say('last')
  await voice.flush()
  await until(() => payloads.at(-1) === 'last', 'all are heard')

  t.strictSame(payloads.slice(0, 1), ['first'])
  const words = payloads.slice(1).join(',').split(',')
  t.strictSame(words, ['second', 'third', ...ids, 'last'])
  t.ok(payloads.length < 10)
  t.ok(payloads.every(payload => Buffer.byteLength(payload) < 8_000))
})

t.test('a word that cannot be announced is dropped, and the next one is announced', async t => {
  const { db, admin, terminate } = await open(t)
  const voice = announcer(db.pool, 'words')
  const heard: unknown[] = []
  admin.on('notification', ({ payload }) => heard.push(payload))
  await admin.query('listen words')
  await db.pool.query('select 1')

  voice.say('lost?')
  await terminate('mine')
  await voice.flush()
  await until(() => db.pool.totalCount === 0, 'the pool has noticed')
  voice.say('said')
  await voice.flush()

  await until(() => heard.includes('said'), 'it is heard')
})

t.test('a statement on a connection without answers times out, and so does a transaction', async t => {
  const proxy = await openProxy(t, await borrowDatabase(t))
  const db = connect(proxy.url, { name: 'test', max: 2, settings: throughIndexes, patience: 0.5 })
  t.teardown(() => db.close())
  await db.pool.query('select 1')
  const unheard = () => sql`select 'not to be heard'`
  // The connection has been idle for as long as a statement may wait.
  await delay(1_000)

  proxy.swallowAnswersWith('not to be heard')
  const alone = await unheard()
    .execute(db.query)
    .catch(error => error)
  const within = await db.query
    .transaction()
    .execute(trx => unheard().execute(trx))
    .catch(error => error)

  t.ok(isOutage(alone), alone.message)
  t.ok(isOutage(within), within.message)
  proxy.restore()
  t.strictSame((await db.pool.query('select 1 as one')).rows, [{ one: 1 }], 'others are not held up')
  await sql`select pg_sleep(0.3)`.execute(db.query)
})

t.test('a statement on a database that accepts no new connections either times out long before', async t => {
  const proxy = await openProxy(t, await borrowDatabase(t))
  const db = connect(proxy.url, { name: 'test', max: 2, settings: throughIndexes, patience: 3_600 })
  t.teardown(() => db.close())
  await db.pool.query('select 1')

  proxy.swallowAnswers()
  const [error, another] = await Promise.all([1, 2].map(() => db.pool.query('select 1').catch(error => error)))

  t.ok(isOutage(error), error.message)
  t.ok(isOutage(another), another.message)
  proxy.restore()
  t.strictSame((await db.pool.query('select 1 as one')).rows, [{ one: 1 }])
})

t.test('a slow statement on a database that answers other connections is waited for', async t => {
  const db = connect(await borrowDatabase(t), { name: 'test', max: 1, settings: throughIndexes, patience: 3_600 })
  t.teardown(() => db.close())

  t.strictSame((await db.pool.query('select 1 as one from pg_sleep(6)')).rows, [{ one: 1 }])
})
