import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { borrowDatabase } from '../harness/database.ts'
import { openKeys, unknownKey } from '../harness/keys.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const program = path.resolve(import.meta.dirname, '../../src/cli.ts')
const home = await mkdtemp(path.join(tmpdir(), 'darkroom-keys-'))
t.teardown(() => rm(home, { recursive: true, force: true }))

async function darkroom(args: string[], env: Record<string, string>) {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  return new Promise<{ code: number; out: string; err: string }>(resolve =>
    execFile(
      process.execPath,
      [program, ...args],
      { env: { PATH, NODE_COMPILE_CACHE, DATA_DIR: home, LOG_LEVEL: 'warn', ...env }, timeout: 60_000 },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err })
    )
  )
}

t.test('beyond this machine there is no start without a key, which the message says how to make', async t => {
  const env = { DATABASE_URL: await borrowDatabase(t), DATA_DIR: home, HOST: '0.0.0.0', PORT: '0' }
  const { code, err } = await darkroom(['api'], env)
  t.equal(code, 1)
  t.match(
    err,
    /HOST 0\.0\.0\.0 can be reached .* run "darkroom key create --preset admin", set ADMIN_KEY_FILE, or AUTH=off/
  )
  await t.rejects(openService(t, { env: { ...env, AUTH: 'required' } }), /there is no key yet/)

  const heard: string[] = []
  const off = await openService(t, { env: { ...env, AUTH: 'off' }, hear: ({ msg }) => heard.push(msg) })
  t.match(heard.join('\n'), /AUTH is off/)
  t.equal((await off.get('/api/tasks')).statusCode, 200)
  t.match((await off.get('/health/ready')).json(), { auth: 'off' })

  const made = await darkroom(['key', 'create', '--preset', 'viewer'], env)
  t.match(made.out, /^dr_k_\w{10}_\w{49}\n$/)
  const service = await openService(t, { env })
  t.equal((await service.get('/api/tasks')).statusCode, 401)
  t.equal((await service.get('/api/tasks', { authorization: `Bearer ${made.out.trim()}` })).statusCode, 200)
})

t.test('keys are made, listed and ended by the command, without the service and beside it', async t => {
  const service = await openService(t)
  const env = { DATABASE_URL: service.url }
  const key = async (...args: string[]) => darkroom(['key', ...args], env)
  t.equal((await service.get('/api/tasks')).statusCode, 200)
  const made = await key(
    'create',
    '--json',
    '--name',
    'shop',
    '--scopes',
    'read,submit',
    '--limits',
    '{"own":true}',
    '--expires',
    '30'
  )
  t.match(JSON.parse(made.out), { name: 'shop', scopes: ['read', 'submit'], limits: { own: true }, created_by: 'cli' })
  const { id, key: text } = JSON.parse(made.out)
  await until(
    async () => (await service.get('/api/tasks')).statusCode === 401,
    'the first key closes the running service'
  )
  const headers = { authorization: `Bearer ${text}` }
  t.equal((await service.get('/api/tasks', headers)).statusCode, 200)

  const list = await key('list')
  t.match(list.out, new RegExp(`${id} +active +shop +read,submit`))
  t.notMatch(list.out, text)
  t.match(JSON.parse((await key('list', '--json')).out).items, [{ id, status: 'active' }])
  const fresh = (await key('rotate', id, '--overlap', '3600')).out.trim()
  t.equal((await service.get('/api/tasks', { authorization: `Bearer ${fresh}` })).statusCode, 200)
  t.match(await key('revoke', id), { code: 0, out: /is revoked/ })
  await until(async () => (await service.get('/api/tasks', headers)).statusCode === 401, 'it opens nothing any more')

  for (const [args, code] of [
    [['create'], 1],
    [['create', '--preset', 'emperor'], 2],
    [['create', '--limits', '{'], 2],
    [['nothing'], 2],
    [['list', '--nothing'], 2],
    [['revoke'], 2],
    [['revoke', 'nothing'], 1],
    [['rotate', id], 1]
  ] as const) {
    const answer = await key(...args)
    t.equal(answer.code, code, `${args.join(' ')}: ${answer.err}`)
    t.equal(answer.err.trim().split('\n').length, 1)
  }
  t.equal((await darkroom(['key', 'list'], { DATABASE_URL: 'postgres://x:y@127.0.0.1:1/x' })).code, 3)
  t.match(await key('--help'), { code: 0, out: /key create / })

  const address = await service.listen()
  const doctor = (more = {}) => darkroom(['doctor', '--json'], { DARKROOM_URL: address, ...more })
  t.match(await doctor(), { code: 1, err: /DARKROOM_KEY/ })
  const viewer = (await key('create', '--preset', 'viewer')).out.trim()
  t.match(JSON.parse((await doctor({ DARKROOM_KEY: viewer })).out), { problems: Array, findings: Array })
  const file = path.join(home, 'viewer.key')
  await writeFile(file, `${viewer}\n`, { mode: 0o600 })
  t.match(JSON.parse((await doctor({ DARKROOM_KEY_FILE: file })).out), { findings: Array })
})

t.test('ADMIN_KEY_FILE puts a first key in, and a missing file is written', async t => {
  const file = path.join(home, 'admin.key')
  const first = await openService(t, { env: { HOST: '0.0.0.0', ADMIN_KEY_FILE: file } })
  const key = (await readFile(file, 'utf8')).trim()
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.equal((await first.get('/api/keys')).statusCode, 401)
  const headers = { authorization: `Bearer ${key}` }
  t.match((await first.get('/api/keys', headers)).json().items, [{ name: 'admin', created_by: 'ADMIN_KEY_FILE' }])
  const again = { ...first.env, DATA_DIR: first.dataDir }
  const second = await openService(t, { env: again })
  t.equal((await second.get('/api/keys', headers)).json().items.length, 1)

  await first.api.app.inject({ method: 'DELETE', url: `/api/keys/${key.slice(5, 15)}`, headers })
  await t.rejects(openService(t, { env: again }), /there is no key yet/, 'a revoked one stays revoked')
  await writeFile(file, 'nonsense')
  await t.rejects(openService(t, { env: again }), /ADMIN_KEY_FILE .* must have one key/)
  await writeFile(file, unknownKey())
  t.equal((await (await openService(t, { env: again })).get('/api/keys')).statusCode, 401)
})

t.test('AUTH=required asks for a key on this machine, too', async t => {
  const service = await openService(t, { env: { AUTH: 'required' } })
  t.equal((await service.get('/api/tasks')).statusCode, 401)
  await t.rejects(openKeys(service))
  t.equal((await service.get('/health/live')).statusCode, 200)
  t.equal((await service.get('/ui')).statusCode, 200)
  t.equal((await service.get('/', { accept: 'text/html' })).statusCode, 302)
  t.equal((await service.get('/api/nowhere')).statusCode, 404)
  for (const path of ['/docs', '/docs/static/swagger-ui.css', '/openapi.json', '/client.js']) {
    t.equal((await service.get(path)).statusCode, 401, path)
  }
})

t.test('while everything is open, what a proxy sends for the public is refused, and said', async t => {
  const heard: string[] = []
  const env = { PUBLIC_URL: 'https://films.example' }
  const service = await openService(t, { env, hear: ({ msg }) => heard.push(msg) })
  t.match(heard.join('\n'), /PUBLIC_URL is https:\/\/films\.example, and there is no key/)
  const answer = async (headers: Record<string, string>) => {
    const { statusCode, body } = await service.get('/api/tasks', headers)
    return statusCode === 403 ? JSON.parse(body).code : statusCode
  }

  const ofThePublic: Record<string, string>[] = [
    { 'x-forwarded-for': '8.8.4.4' },
    { 'x-forwarded-for': '127.0.0.1, 8.8.4.4:5000' },
    { 'x-real-ip': '2606:4700::1111' },
    { forwarded: 'for=10.0.0.1, for="[2606:4700::1111]:443";proto=https' },
    { 'x-forwarded-for': '::ffff:8.8.4.4', cookie: 'darkroom=x' },
    { 'cf-connecting-ip': '8.8.4.4', authorization: 'Basic eDp5' }
  ]
  for (const headers of ofThePublic) t.equal(await answer(headers), 'OPEN_TO_THIS_MACHINE', JSON.stringify(headers))
  t.match(heard.join('\n'), /A proxy sends this request for 8\.8\.4\.4/)
  t.equal((await service.get('/health/live', ofThePublic[0])).statusCode, 200)
  const ofThisNetwork: Record<string, string>[] = [
    {},
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-for': '192.168.1.7, 10.0.0.1', 'x-real-ip': '192.168.1.7' },
    { forwarded: 'for=unknown;by=_proxy, for="[fd00::1]"' }
  ]
  for (const headers of ofThisNetwork) t.equal(await answer(headers), 200, JSON.stringify(headers))

  const ofDoors = async (list: string) =>
    (await service.get(list)).json().items.filter(({ code }: any) => code === 'open_behind_proxy')
  t.match(await ofDoors('/api/doctor'), [{ evidence: { public_url: env.PUBLIC_URL } }])
  await service.api.refusals.flush()
  t.match(await ofDoors('/api/problems'), [{ severity: 'warning', sentence: /has sent 6 requests/ }])

  const { key } = (await service.post('/api/keys', { name: 'first', preset: 'admin' })).json()
  const withKey = { ...ofThePublic[0], authorization: `Bearer ${key}` }
  t.equal((await service.get('/api/tasks', ofThePublic[0])).statusCode, 401)
  t.equal((await service.get('/api/tasks', withKey)).statusCode, 200)
  t.notMatch((await service.get('/api/problems', withKey)).body, /open_behind_proxy/)
  const off = await openService(t, { env: { ...env, AUTH: 'off' } })
  t.equal((await off.get('/api/tasks', ofThePublic[0])).statusCode, 200, 'the proxy asks')
  t.notMatch((await off.get('/api/doctor')).body, /open_behind_proxy/)
})
