import { once } from 'node:events'
import { createServer } from 'node:net'
import pg from 'pg'
import pino from 'pino'
import t, { type Test } from 'tap'
import { reachDatabase } from '../../src/database/reach.ts'
import { adminUrl } from '../harness/cluster.ts'
import { borrowDatabase } from '../harness/database.ts'
import { type Program, startProgram } from '../harness/program.ts'
import { openProxy } from '../harness/proxy.ts'
import { until } from '../harness/until.ts'

const start = (t: Test, command: string, DATABASE_URL: string) => startProgram(t, command, { env: { DATABASE_URL } })

/** The messages of its log, without time and process. */
const messages = ({ said }: Program) => said.map(line => JSON.parse(line).msg as string)

const ready = { api: 'answers: http', worker: 'worker ready', migrate: 'nothing to do', server: 'is ready: http' }

for (const [command, sentence] of Object.entries(ready)) {
  t.test(`${command} waits for a database that starts later`, async t => {
    const proxy = await openProxy(t, await borrowDatabase(t))
    proxy.cut()
    const started = await start(t, command, proxy.url)
    await started.heard('the database does not answer yet')
    const tries = proxy.refused()
    await until(() => proxy.refused() > tries + 1, 'it goes on trying')

    proxy.restore()
    await started.heard(sentence)

    const about = messages(started).filter(line => line.includes('database'))
    t.equal(about.length, 2, about.join('\n'))
    t.match(about[0], /^the database does not answer yet \(.*ECONNRESET.*\); waiting up to 60 s$/)
    t.equal(about[1], 'the database answers')
    if (command !== 'migrate') started.kill('SIGTERM')
    t.strictSame(await started.exited, { code: 0, signal: null })
  })
}

/** The processes that have logged that they are running. */
async function workersOf(connectionString: string) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const { rows } = await client.query(`select id from darkroom.workers where status = 'running'`)
  await client.end()
  return rows
}

// Queries in the course of a start.
const steps = {
  api: ['listen "darkroom_changed"'],
  worker: ['from "darkroom"."migrations"', 'insert into darkroom.workers'],
  server: ['insert into darkroom.workers']
}

for (const [command, questions] of Object.entries(steps)) {
  t.test(`${command} survives a database that crashes while it starts`, async t => {
    for (const question of questions) {
      const url = await borrowDatabase(t)
      const proxy = await openProxy(t, url)
      proxy.crashAtQuestionWith(question)
      const started = await start(t, command, proxy.url)

      await Promise.race([started.heard(ready[command as keyof typeof ready]), started.exited])

      t.ok(proxy.refused() >= 3, `it crashed at ${question}`)
      t.match(started.said.join('\n'), ready[command as keyof typeof ready], question)
      t.equal((await workersOf(url)).length, command === 'api' ? 0 : 1, 'of no two starts')
      started.kill('SIGTERM')
      t.strictSame(await started.exited, { code: 0, signal: null }, question)
    }
  })
}

t.test('a signal ends the wait, also during a connection attempt without an answer', async t => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  const { port } = silent.address() as { port: number }
  const cut = await openProxy(t, await borrowDatabase(t))
  cut.cut()

  for (const command of ['api', 'worker', 'migrate']) {
    const waiting = await start(t, command, cut.url)
    await waiting.heard('the database does not answer yet')
    waiting.kill('SIGTERM')
    t.strictSame(await waiting.exited, { code: 0, signal: null }, command)
  }
  const connected = once(silent, 'connection')
  const trying = await start(t, 'api', `postgres://me@127.0.0.1:${port}/me`)
  const [socket] = await connected
  t.teardown(() => socket.destroy())
  trying.kill('SIGINT')
  t.strictSame(await trying.exited, { code: 0, signal: null })
  t.notOk(
    trying.said.some(line => line.includes('does not answer')),
    'it did not wait until that was over'
  )
})

/** Waits for the database, and returns the log lines. */
function reach(url: string, { seconds = 60, signal = new AbortController().signal } = {}) {
  const said: string[] = []
  const log = pino({}, { write: line => said.push(JSON.parse(line).msg) })
  return { said, reached: reachDatabase(url, { log, signal, seconds }) }
}

t.test('the wait for a database that does not come ends with one sentence', async t => {
  const proxy = await openProxy(t, await borrowDatabase(t))
  proxy.cut()

  const { said, reached } = reach(proxy.url, { seconds: 0.5 })

  await t.rejects(reached, { message: /^The database does not answer after 0.5 s: .*ECONNRESET/ })
  t.equal(said.length, 1)
  const nobody = reach('postgres://me@127.0.0.1:1/nowhere', { seconds: 0 })
  await t.rejects(nobody.reached, {
    message: 'The database does not answer after 0 s: connect ECONNREFUSED 127.0.0.1:1'
  })
  const nowhere = reach('postgres://me@nowhere.invalid/nowhere', { seconds: 0 })
  await t.rejects(nowhere.reached, { message: /^The database does not answer after 0 s: .*nowhere\.invalid/ })
})

t.test('a database that answers is reached without a log line', async t => {
  const { said, reached } = reach(await borrowDatabase(t))

  await reached

  t.strictSame(said, [])
})

/** A role with a password and without the right to connect. */
async function oneWhoMayNotConnect(t: Test, url: string) {
  const name = `stranger_${process.pid}`
  const client = new pg.Client({ connectionString: await adminUrl(url) })
  await client.connect()
  await client.query(`create role ${name} login password '${name}'`)
  await client.query(`revoke connect on database ${pg.escapeIdentifier(new URL(url).pathname.slice(1))} from public`)
  t.teardown(async () => {
    await client.query(`drop role ${name}`)
    await client.end()
  })
  return name
}

t.test('errors that no waiting mends are reported at once', async t => {
  const url = await borrowDatabase(t)
  const elsewhere = (change: (url: URL) => void) => {
    const other = new URL(url)
    change(other)
    return other.href
  }
  const stranger = await oneWhoMayNotConnect(t, url)
  const cases: [what: string, url: string, sentence: RegExp][] = [
    ['a wrong password', elsewhere(other => (other.password = 'wrong')), /password authentication failed/],
    ['nobody of this name', elsewhere(other => (other.username = 'nobody')), /nobody/],
    [
      'nobody who may connect',
      elsewhere(other => Object.assign(other, { username: stranger, password: stranger })),
      /permission denied for database/
    ],
    ['no database of this name', elsewhere(other => (other.pathname = '/nowhere')), /database "nowhere" does not exist/]
  ]

  for (const [what, url, message] of cases) {
    const { said, reached } = reach(url, { seconds: 1 })
    await t.rejects(reached, { message }, what)
    t.strictSame(said, [], what)
  }
})
