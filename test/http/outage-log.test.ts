import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { logOutages } from '../../src/http/errors/outage-log.ts'
import { borrowDatabase } from '../harness/database.ts'
import { openProxy } from '../harness/proxy.ts'
import { openService } from '../harness/service.ts'

interface Line {
  level: number
  msg: string
  requests?: number
  reason?: string
  err?: unknown
}

async function openHeard(t: Test, env: Record<string, string> = {}) {
  const lines: Line[] = []
  const service = await openService(t, { env, hear: line => lines.push(line) })
  return { service, refusals: () => lines.filter(({ msg }) => /request.* (failed|refused)/.test(msg)) }
}

t.test('requests that find no free connection are one line at once, and then their number', async t => {
  const { service, refusals } = await openHeard(t)
  const { pool } = service.api.db
  const busy = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()))

  const answers = await Promise.all(Array.from({ length: 50 }, () => service.get('/api/videos')))

  for (const { statusCode } of answers) t.equal(statusCode, 503)
  const reason = 'no connection to the database was free or could be opened within 5 s'
  const msg = 'requests were refused because of the database or the disk'
  t.match(refusals(), [{ level: 40, msg, requests: 1, reason }])
  for (const client of busy) client.release()
  await service.api.stop(0)
  t.match(refusals(), [{ requests: 1 }, { level: 40, msg, requests: 49, reason }])
  for (const { err } of refusals()) t.equal(err, undefined)
})

t.test('the reason is the message of the database, or of the connection to it', async t => {
  const proxy = await openProxy(t, await borrowDatabase(t))
  const { service, refusals } = await openHeard(t, { DATABASE_URL: proxy.url })

  proxy.cut()
  t.equal((await service.get('/api/videos')).statusCode, 503)

  t.match(refusals(), [{ level: 40, requests: 1, reason: /ECONNRESET|Connection terminated/ }])
})

t.test('a full disk of the database is an outage, too', async t => {
  const { service, refusals } = await openHeard(t)
  await service.db.pool.query(`
    create function darkroom.full_disk() returns trigger language plpgsql as
      $$ begin raise 'could not extend file "base/1": No space left on device' using errcode = '53100'; end $$;
    create trigger full_disk before insert on darkroom.tasks execute function darkroom.full_disk()`)

  for (const _ of [1, 2]) t.equal((await service.post('/api/tasks', { args: { data: 'x' } })).statusCode, 507)

  t.match(refusals(), [{ level: 40, requests: 1, reason: /No space left/, err: undefined }])
  t.equal(refusals().length, 1)
})

t.test('an internal error has a line of its own, with the stack', async t => {
  const { service, refusals } = await openHeard(t)
  await service.db.pool.query('alter table darkroom.videos rename to elsewhere')

  for (const _ of [1, 2]) t.equal((await service.get('/api/videos')).statusCode, 500)

  const line = { level: 50, msg: 'request failed', err: { stack: String } }
  t.match(refusals(), [line, line])
})

t.test('a line is logged every five seconds at most, and none without new errors', t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const said: number[] = []
  const outages = logOutages({ warn: ({ requests }: { requests: number }) => said.push(requests) } as never)
  const refuse = (count: number) => {
    for (let x = 0; x < count; x++) outages.add(new Error('Connection terminated'))
  }

  refuse(3)
  t.strictSame(said, [1])
  mock.timers.tick(4_999)
  refuse(1)
  t.strictSame(said, [1])
  mock.timers.tick(1)
  t.strictSame(said, [1, 3])
  refuse(1)
  mock.timers.tick(5_000)
  t.strictSame(said, [1, 3, 1])
  mock.timers.tick(60_000)
  t.strictSame(said, [1, 3, 1])
  refuse(2)
  t.strictSame(said, [1, 3, 1, 1], 'after a while of peace the first is told at once')
  outages.close()
  t.strictSame(said, [1, 3, 1, 1, 1], 'and the rest at the end')
  t.end()
})
