import t from 'tap'
import { openService } from '../harness/service.ts'

t.test('the first key closes an open service, and scopes decide', async t => {
  const service = await openService(t)
  const { post, get } = service
  t.equal((await get('/api/tasks')).statusCode, 200)
  t.match((await get('/api/session')).json(), { open: true, key: null })

  const made = await post('/api/keys', { name: 'root', preset: 'admin' })
  t.equal(made.statusCode, 201, made.body)
  const admin = { authorization: `Bearer ${made.json().key}` }
  const refused = await get('/api/tasks')
  t.equal(refused.statusCode, 401)
  t.equal(refused.headers['www-authenticate'], 'Bearer')
  t.equal((await get('/api/tasks', admin)).statusCode, 200)
  const viewer = {
    authorization: `Bearer ${(await post('/api/keys', { name: 'v', preset: 'viewer' }, admin)).json().key}`
  }
  t.equal((await get('/api/tasks', viewer)).statusCode, 200)
  t.match((await post('/api/tasks/process', { data: 'x' }, viewer)).json(), { code: 'SCOPE_MISSING', detail: /submit/ })
  const submitted = await post('/api/tasks', { task: 'add', args: { x: 1, y: 2 } }, admin)
  t.match(submitted.json(), { created_by: 'root' })
  t.match((await get('/api/session', viewer)).json(), { key: { name: 'v' }, scopes: ['read'], open: false })
})
