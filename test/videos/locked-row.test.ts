import pg from 'pg'
import t from 'tap'
import { openService } from '../harness/service.ts'

t.test('an open transaction that holds the row of a film holds up no request about anything else', async t => {
  const service = await openService(t)
  const film = await service.keep('not a film at all')
  const client = new pg.Client({ connectionString: service.url })
  await client.connect()
  t.teardown(() => client.end())
  await client.query('begin')
  await client.query('select id from darkroom.videos where id = $1 for update', [film.id])

  // More than the API has connections.
  const waiting = Array.from({ length: 20 }, () => service.post(`/api/videos/${film.id}/process`))
  const other = await service.post('/api/tasks', { task: 'add', args: { x: 1, y: 2 } })
  const refused = await Promise.all(waiting)
  await client.query('rollback')

  t.equal(other.statusCode, 201)
  for (const answer of refused) {
    t.match(answer.json(), { status: 503, code: 'DATABASE_LOCKED' })
    t.ok(answer.headers['retry-after'])
  }
  t.equal((await service.post(`/api/videos/${film.id}/process`)).statusCode, 202)
})
