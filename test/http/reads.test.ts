import pg from 'pg'
import t from 'tap'
import { openService } from '../harness/service.ts'

t.test('pages that wait for the database hold up no submission', async t => {
  const service = await openService(t)
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
  const dba = new pg.Client({ connectionString: service.url })
  await dba.connect()
  t.teardown(() => dba.end())
  await dba.query('begin; lock table darkroom.attempts in access exclusive mode')

  // More than the API has connections.
  let answered = 0
  const pages = Array.from({ length: 40 }, async () => {
    const { statusCode } = await service.get(`/api/tasks/${id}/attempts`)
    answered++
    return statusCode
  })
  t.equal((await service.post('/api/tasks', { task: 'add', args: { x: 1, y: 2 } })).statusCode, 201)
  t.equal((await service.get(`/api/tasks/${id}`)).statusCode, 200)
  t.equal(answered, 0)

  await dba.query('commit')
  t.strictSame(new Set(await Promise.all(pages)), new Set([200]))
})
