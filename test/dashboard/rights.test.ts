import t from 'tap'
import { missing, scopeOf } from '../../src/dashboard/words/rights.ts'
import { openService } from '../harness/service.ts'

t.test('pages know the scopes that the API asks for', async t => {
  const service = await openService(t)
  const { paths } = (await service.get('/openapi.json')).json()
  const asked: Record<string, string> = {}
  for (const operations of Object.values<any>(paths)) {
    for (const { operationId, 'x-scope': scope } of Object.values<any>(operations)) asked[operationId] = scope
  }

  for (const [act, scope] of Object.entries(scopeOf)) t.equal(scope, asked[act], act)
})

t.test('a scope is needed for its acts, and admin has all', async t => {
  t.equal(missing(['read'], 'retryTask'), 'operate')
  t.equal(missing(['operate'], 'retryTask'), undefined)
  t.equal(missing(['operate'], 'admin'), 'admin')
  t.equal(missing(['admin'], 'submitTask'), undefined)
})
