import t from 'tap'
import { readToken } from '../../src/access/token.ts'
import { openKeys, unknownKey } from '../harness/keys.ts'
import { openLine } from '../harness/line.ts'
import { type Operation, readDocument } from '../harness/openapi.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const lines: string[] = []
const service = await openService(t, { hear: line => lines.push(JSON.stringify(line)) })
const { get, post } = service

const whileOpen = {
  list: (await get('/api/tasks')).statusCode,
  session: (await get('/api/session')).json(),
  ready: (await get('/health/ready')).json(),
  task: (await post('/api/tasks/process', { data: 'x' })).statusCode
}

const { admin, make } = await openKeys(service)
const [viewer, submitter, operator, scraper] = await Promise.all(
  ['viewer', 'submitter', 'operator', 'scraper'].map(preset => make({ preset, name: preset }))
)
const revoked = await make({ preset: 'admin' })
await service.api.app.inject({ method: 'DELETE', url: `/api/keys/${revoked.id}`, headers: admin.with })
const document = (await get('/openapi.json', admin.with)).json()
const { operations } = readDocument(document)
const scopeOf = ({ path, method }: Operation): string => document.paths[path][method.toLowerCase()]['x-scope']
const uncut = '01980000-0000-7000-8000-000000000000'

/** The status without the scope's own conditions: no operation here gets a body or an id that fits. */
async function ask({ method, path }: Operation, headers: Record<string, string> = {}) {
  const url = path.replaceAll(/\{\w+\}/g, uncut)
  const { statusCode, body } = await service.api.app.inject({ method: method as 'GET', url, headers })
  return { status: statusCode, code: /"code":"(\w+)"/.exec(body)?.[1] }
}

t.test('a service on its own machine is open until there is a key', async t => {
  t.match(whileOpen, { list: 200, session: { open: true, key: null }, ready: { auth: 'open' }, task: 202 })
  t.match((await get('/health/ready')).json(), { auth: 'required' })
  t.match((await get('/api/session', viewer!.with)).json(), { open: false, key: { name: 'viewer' }, scopes: ['read'] })
})

t.test('each operation names its scope and answers each key by it', async t => {
  const publicOnes = operations.filter(each => scopeOf(each) === 'public').map(({ name }) => name)
  t.strictSame(publicOnes.toSorted(), [
    'DELETE /api/session',
    'GET /api/session',
    'GET /health/live',
    'GET /health/ready',
    'GET /play/{token}/{id}/{name}',
    'GET /ui',
    'GET /ui/assets/{file}',
    'GET /ui/{name}',
    'OPTIONS /api/uploads',
    'OPTIONS /api/uploads/{id}',
    'OPTIONS /play/{token}/{id}/{name}',
    'POST /api/session'
  ])
  for (const operation of operations) {
    const scope = scopeOf(operation)
    t.ok(scope, operation.name)
    t.strictSame(
      document.paths[operation.path][operation.method.toLowerCase()].security,
      scope === 'public' ? [] : [{ key: [] }]
    )
    if (scope === 'public') continue
    t.strictSame(await ask(operation), { status: 401, code: 'UNAUTHORIZED' }, `${operation.name} without a key`)
    t.strictSame(
      await ask(operation, revoked.with),
      { status: 401, code: 'UNAUTHORIZED' },
      `${operation.name}, revoked`
    )
    const missing = { status: 403, code: 'SCOPE_MISSING' }
    const seen = await ask(operation, viewer!.with)
    if (scope === 'read') t.not(seen.code, 'SCOPE_MISSING', `${operation.name} by a viewer`)
    else t.strictSame(seen, missing, `${operation.name} by a viewer`)
    t.match(await ask(operation, scraper!.with), scope === 'metrics' ? { status: 200 } : missing)
    const submitted = await ask(operation, submitter!.with)
    if (scope === 'submit') t.not(submitted.status, 403, `${operation.name} by a submitter`)
    else if (scope !== 'read') t.strictSame(submitted, missing, `${operation.name} by a submitter`)
  }
})

t.test('one sentence for every wrong key, and a wrong checksum asks no database', async t => {
  const altered = admin.key.replace(/.$/, last => (last === 'a' ? 'b' : 'a'))
  t.equal(readToken(altered), undefined)
  const past = await make({ preset: 'admin', expires_at: new Date(Date.now() + 300).toISOString() })
  await service.db.pool.query(`update darkroom.api_keys set expires_at = now() where id = $1`, [past.id])
  const forged = admin.key.replace(admin.id, viewer!.id)
  const wrong = [
    undefined,
    `Bearer ${altered}`,
    `Bearer ${forged}`,
    `Bearer ${unknownKey()}`,
    `Bearer ${past.key}`,
    `Bearer ${revoked.key}`,
    `Bearer ${'x'.repeat(10_000)}`,
    `Basic ${Buffer.from(`:${admin.key}`).toString('base64')}`,
    admin.key,
    'Bearer'
  ]
  const bodies = new Set<string>()
  for (const authorization of wrong) {
    const { statusCode, body, headers } = await get('/api/tasks', authorization === undefined ? {} : { authorization })
    t.equal(statusCode, 401, `${authorization?.slice(0, 60)}`)
    t.equal(headers['www-authenticate'], 'Bearer')
    bodies.add(body)
  }
  t.equal(bodies.size, 1)
})

t.test('a key in a URL is refused, and in no log line', async t => {
  for (const url of [
    `/api/tasks?key=${admin.key}`,
    `/api/tasks?api_key=${admin.key}`,
    `/api/tasks?x=${admin.key}`,
    `/api/tasks?x=${admin.key.replaceAll('_', '%5F')}`,
    `/nowhere/${admin.key}`,
    `/health/live?access_token=${admin.key}`
  ]) {
    const { statusCode, body } = await get(url, admin.with)
    t.match([statusCode, JSON.parse(body).code], [400, 'KEY_IN_URL'], url)
    t.notMatch(body, admin.key.slice(-20))
  }
  t.ok(lines.some(line => line.includes('"/api/tasks?key=…"')))
  t.notOk(lines.some(line => line.includes(admin.key.slice(-20))))
})

t.test('twenty wrong keys of an address in a minute are enough; right ones pass', async t => {
  const send = (key: string, remoteAddress: string) =>
    service.api.app.inject({ url: '/api/tasks', remoteAddress, headers: { authorization: `Bearer ${key}` } })
  const statuses = []
  for (let n = 0; n < 25; n++) statuses.push((await send(unknownKey(), `2001:db8:0:1::${n}`)).statusCode)
  t.strictSame(statuses, [...Array(20).fill(401), ...Array(5).fill(429)])
  const late = await send(unknownKey(), '2001:db8:0:1::99')
  t.match(late.json(), { code: 'TOO_MANY_FAILURES' })
  t.match(late.headers['retry-after'], /^\d+$/)
  t.equal((await send(admin.key, '2001:db8:0:1::99')).statusCode, 200, 'also from there')
  t.equal((await send(unknownKey(), '2001:db8:0:2::1')).statusCode, 401, 'another network')
})

t.test('a key that was seen costs no query', async t => {
  await get('/health/live', admin.with)
  await get('/api/kinds', admin.with)
  const { pool } = service.db
  const { query } = pool
  let queries = 0
  pool.query = function counted(this: unknown, ...given: any) {
    queries++
    return query.apply(pool, given)
  } as never
  t.teardown(() => Object.assign(pool, { query }))
  for (let n = 0; n < 5; n++) t.equal((await get('/docs', admin.with)).statusCode, 200)
  t.equal(queries, 0)
})

t.test('a key has a rate of its own', async t => {
  const slow = await make({ preset: 'viewer', limits: { rate: 1, burst: 3 } })
  const statuses = []
  for (let n = 0; n < 5; n++) statuses.push((await get('/docs', slow.with)).statusCode)
  t.strictSame(statuses.slice(0, 3), [200, 200, 200])
  const { statusCode, headers, body } = await get('/docs', slow.with)
  t.match([statusCode, JSON.parse(body).code, headers['retry-after']], [429, 'RATE_LIMITED', '1'])
  t.equal((await get('/docs', viewer!.with)).statusCode, 200, 'others are not meant')
})

t.test('several APIs share the rate of a key', async t => {
  await openService(t, { env: { DATABASE_URL: service.url, DATA_DIR: service.dataDir } })
  const passes = async () => {
    const slow = await make({ preset: 'viewer', limits: { rate: 1, burst: 8 } })
    const statuses = []
    for (let n = 0; n < 8; n++) statuses.push((await get('/docs', slow.with)).statusCode)
    return statuses.indexOf(429)
  }
  t.ok(await until(async () => [4, 5].includes(await passes()), 'each has half of it'))
})

t.test('a key may be bound to networks, and forwarded addresses are not believed', async t => {
  const bound = await make({ preset: 'viewer', limits: { networks: ['10.1.0.0/16', '2001:db8::/32'] } })
  const from = (remoteAddress: string, more = {}) =>
    service.api.app.inject({ url: '/api/tasks', remoteAddress, headers: { ...bound.with, ...more } })
  t.equal((await from('10.1.2.3')).statusCode, 200)
  t.equal((await from('::ffff:10.1.2.3')).statusCode, 200)
  t.equal((await from('2001:db8::7')).statusCode, 200)
  const refused = await from('127.0.0.1', { 'x-forwarded-for': '10.1.2.3' })
  t.match([refused.statusCode, refused.json().code], [403, 'LIMIT_EXCEEDED'])
  t.match(refused.json().detail, /networks/)

  const behind = await openService(t, {
    env: { TRUSTED_PROXIES: '127.0.0.0/8', DATABASE_URL: service.url, DATA_DIR: service.dataDir }
  })
  const passed = await behind.get('/api/tasks', { ...bound.with, 'x-forwarded-for': '10.9.9.9, 10.1.2.3' })
  t.equal(passed.statusCode, 200, 'of a trusted proxy they are')
})

t.test('a route without a scope stops the start', async t => {
  const { default: Fastify } = await import('fastify')
  const { hangGate } = await import('../../src/http/doors/gate/gate.ts')
  const bare = Fastify()
  hangGate(bare, {} as never)
  bare.get('/forgotten', async () => 'x')
  await t.rejects(async () => bare.ready(), /route GET \/forgotten has no scope/)
})

t.test('an upgrade passes the same gate', async t => {
  const address = await service.listen()
  const knock = async (headers: Record<string, string>) => {
    const line = await openLine(t, address)
    const upgrade = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
    const all = { host: new URL(address).host, ...upgrade, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', ...headers }
    await line.send(
      `GET /ws/tasks HTTP/1.1\r\n${Object.entries(all)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}\r\n`
    )
    const { status } = await line.answer()
    line.hangUp()
    return status
  }
  t.equal(await knock({}), 401)
  t.equal(await knock(scraper!.with), 403)
  t.equal(await knock(viewer!.with), 101)
  t.equal(await knock({ ...viewer!.with, origin: 'https://evil.example' }), 403)
})

t.test('an override of the method is for tus alone', async t => {
  const { statusCode } = await post(
    '/api/queues/default/pause',
    {},
    { ...operator!.with, 'x-http-method-override': 'GET' }
  )
  t.equal(statusCode, 405)
})
