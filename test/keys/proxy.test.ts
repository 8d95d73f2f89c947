import t from 'tap'
import { openKeys } from '../harness/keys.ts'
import { openService } from '../harness/service.ts'

const secret = 'what-only-the-proxy-knows-0123456789'
const service = await openService(t, {
  env: {
    TRUSTED_PROXIES: '10.1.0.1',
    AUTH_PROXY_HEADER: 'Remote-User',
    AUTH_PROXY_SECRET: secret,
    AUTH_PROXY_ROLES: 'anna=admin, Jürgen=operator, bot=submitter, *=viewer'
  }
})
const proof = { 'darkroom-proxy-secret': secret }

const ask = (url: string, headers: Record<string, string>, more: object = {}) =>
  service.api.app.inject({ method: 'GET', url, remoteAddress: '10.1.0.1', headers, ...more })
const as = (name: string) => ({ ...proof, 'remote-user': Buffer.from(name).toString('latin1') })
const pause = (headers: Record<string, string>) =>
  ask('/api/queues/default/pause', headers, { method: 'POST', payload: {} })

t.test('with such a proxy nothing is open, also without a key', async t => {
  t.equal((await ask('/api/tasks', {})).statusCode, 401)
  t.equal((await ask('/api/tasks', proof)).statusCode, 401, 'the secret alone is no person')
  t.match((await service.get('/health/ready')).json(), { auth: 'required' })
})

t.test('a person has the preset of the settings', async t => {
  t.match((await ask('/api/session', as('anna'))).json(), {
    key: null,
    person: 'anna',
    scopes: ['admin'],
    open: false
  })
  t.equal((await ask('/api/keys', as('anna'))).statusCode, 200)
  t.match((await ask('/api/session', as('Jürgen'))).json(), { person: 'Jürgen' })
  t.equal((await pause(as('Jürgen'))).statusCode, 200)
  t.equal((await ask('/api/tasks', as('stranger'))).statusCode, 200)
  t.match((await pause(as('stranger'))).json(), { code: 'SCOPE_MISSING' })
  t.match((await pause(as('Anna'))).json(), { code: 'SCOPE_MISSING' }, 'another name')
})

t.test('what a person does has the name, in the audit and in what it creates', async t => {
  const submit = (name: string) =>
    ask('/api/tasks', as(name), { method: 'POST', payload: { args: { data: '' }, countdown: 3600 } })
  const made = (await submit('bot')).json()
  t.match(made, { created_by: 'bot' })
  const other = (await submit('anna')).json()
  t.match((await ask('/api/tasks', as('bot'))).json().items, [{ id: made.id }], 'a submitter sees its own')
  t.equal((await ask(`/api/tasks/${other.id}`, as('bot'))).statusCode, 404)

  await pause(as('anna'))
  const { items } = (await ask('/api/audit?actor=proxy&action=queue.pause&limit=1', as('anna'))).json()
  t.match(items, [{ actor: { kind: 'proxy', id: 'proxy:anna', name: 'anna' }, target: { id: 'default' } }])
})

t.test('the header is believed of that proxy alone', async t => {
  const refused = async (headers: Record<string, string>, more: object, why: string) => {
    const { statusCode, body } = await ask('/api/tasks', headers, more)
    t.match([statusCode, JSON.parse(body).code], [400, 'PROXY_NOT_TRUSTED'], why)
    t.notMatch(body, /what-only/)
  }
  await refused(as('anna'), { remoteAddress: '10.1.0.2' }, 'of another address, even with the secret')
  await refused(
    { ...as('anna'), 'x-forwarded-for': '10.1.0.1' },
    { remoteAddress: '10.1.0.2' },
    'of a forwarded address'
  )
  await refused({ 'remote-user': 'anna' }, {}, 'without the secret')
  await refused({ 'remote-user': 'anna', 'darkroom-proxy-secret': `${secret}x` }, {}, 'with another secret')
  await refused(as('\t'), {}, 'of no name')
  await refused(as('x'.repeat(101)), {}, 'of a long name')
})

t.test('two headers of the name are refused: one may come from the client', async t => {
  const { openLine } = await import('../harness/line.ts')
  const near = await openService(t, {
    env: { ...service.env, DATABASE_URL: service.url, DATA_DIR: service.dataDir, TRUSTED_PROXIES: '127.0.0.1' }
  })
  const line = await openLine(t, await near.listen())
  const head = (lines: string) =>
    `GET /api/keys HTTP/1.1\r\nhost: localhost\r\ndarkroom-proxy-secret: ${secret}\r\n${lines}\r\n\r\n`
  await line.send(head('remote-user: stranger'))
  t.equal((await line.answer()).status, 403)
  await line.send(head('remote-user: anna'))
  t.equal((await line.answer()).status, 200)
  await line.send(head('remote-user: anna\r\nRemote-User: stranger'))
  t.equal((await line.answer()).status, 400)
})

t.test('a key goes before the person, and a page of another site gets nothing of either', async t => {
  const key = (await ask('/api/keys', as('anna'), { method: 'POST', payload: { name: 'k', preset: 'viewer' } })).json()
  const both = { ...as('anna'), authorization: `Bearer ${key.key}` }
  t.match((await ask('/api/session', both)).json(), { key: { name: 'k' }, person: null })
  t.equal((await pause({ ...as('anna'), origin: 'https://evil.example' })).json().code, 'CROSS_SITE')
})

t.test('a person has the preset of a group, unless the settings name the person', async t => {
  const grouped = await openService(t, {
    env: {
      ...{ TRUSTED_PROXIES: '10.1.0.1', AUTH_PROXY_HEADER: 'Remote-User', AUTH_PROXY_SECRET: secret },
      ...{ AUTH_PROXY_GROUPS_HEADER: 'Remote-Groups', AUTH_PROXY_GROUP_ROLES: 'Videoköche=admin, staff=operator' },
      AUTH_PROXY_ROLES: 'ben=viewer'
    }
  })
  const session = async (name: string, groups?: string | string[]) => {
    const inGroups = groups === undefined ? {} : { 'remote-groups': Buffer.from(String(groups)).toString('latin1') }
    const { body } = await grouped.api.app.inject({
      url: '/api/session',
      remoteAddress: '10.1.0.1',
      headers: { ...as(name), ...inGroups }
    })
    return JSON.parse(body).scopes
  }
  t.same(await session('anna', 'others,Videoköche , staff'), ['admin'], 'the first of the settings')
  t.same(await session('anna', 'staff'), ['read', 'submit', 'operate', 'play'], 'groups count as they are now')
  t.same(await session('ben', 'Videoköche'), ['read'], 'by name')
  for (const groups of [undefined, '', 'Staff', 'staff;x', '*'])
    t.same(await session('anna', groups), [], `groups: ${groups}`)
  const env = { ...grouped.env, AUTH_PROXY_GROUPS_HEADER: '' }
  await t.rejects(openService(t, { env }), /AUTH_PROXY_GROUPS_HEADER and AUTH_PROXY_GROUP_ROLES need each other/)
})

t.test('without address, secret and roles of the proxy there is no start', async t => {
  await t.rejects(openService(t, { env: { AUTH_PROXY_HEADER: 'Remote-User', AUTH_PROXY_ROLES: '*=viewer' } }), {
    message: 'AUTH_PROXY_HEADER needs TRUSTED_PROXIES and AUTH_PROXY_SECRET, too'
  })
})

t.test('without the setting the header means nothing', async t => {
  const plain = await openService(t)
  const { admin } = await openKeys(plain)
  const named = { 'remote-user': 'anna', ...proof }
  t.equal((await plain.get('/api/tasks', named)).statusCode, 401)
  t.equal((await plain.get('/api/tasks', { ...named, ...admin.with })).statusCode, 200)
})
