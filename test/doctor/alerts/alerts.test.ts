import t from 'tap'
import { addWebhook, deliveries, local, openReceiver } from '../../harness/receiver.ts'
import { seat } from '../../harness/seat.ts'
import { openService } from '../../harness/service.ts'
import { until } from '../../harness/until.ts'

// The looks are those of the service itself, each ten seconds; only time is moved, in the rows.
t.test('a webhook is told of a problem that stands and of its end; lists, SQL and silences agree', async t => {
  const service = await openService(t, { env: local, worker: true })
  const { pool } = service.db
  const { url, received, got } = await openReceiver(t)
  const { id } = await addWebhook(service, url, { types: ['problem.opened', 'problem.closed'] })
  const usual = await addWebhook(service, url)
  const reader = await seat(t, service.url, 'darkroom_reader')
  const history = async (query = '') => (await service.get(`/api/problems/history?${query}`)).json().items
  const current = async () => (await service.get('/api/problems')).json().items
  const earlier = (column: string) =>
    pool.query(`update darkroom.problems set ${column} = ${column} - interval '1 hour' where code = 'queue_paused'`)
  const seen = async (condition: string) =>
    until(async () => {
      const { rowCount } = await pool.query(
        `select from darkroom.problems where code = 'queue_paused' and ${condition}`
      )
      return rowCount === 1
    }, `the next look finds ${condition}`)

  await service.post('/api/queues/media/pause', { reason: 'no space' })
  await seen('opened_at is null')
  t.strictSame(await history(), [], 'not at once')
  t.match(await current(), [{ code: 'queue_paused', opened_at: null, silenced_until: null }])
  await earlier('first_seen_at')
  const [opened] = await got(1)
  t.match(opened!.body, {
    type: 'problem.opened',
    data: {
      ...{ code: 'queue_paused', severity: 'notice', subject: { type: 'queue', id: 'media' }, since: String },
      ...{ sentence: /no space/, opened_at: String, flaps: 0, was: null, url: '/ui/problems', sequence: Number },
      actions: [{ label: 'Resume queue media', method: 'POST', url: '/api/queues/media/resume', scope: 'operate' }]
    }
  })
  const [record] = await history('state=open')
  t.match(record, { code: 'queue_paused', state: 'open', closed_at: null, told_at: String, seconds: Number })
  t.match(await current(), [{ code: 'queue_paused', opened_at: record.opened_at }])

  const body = {
    code: 'queue_paused',
    subject: record.subject,
    until: new Date(Date.now() + 3_600_000),
    reason: 'known'
  }
  const silence = (await service.post('/api/problems/silences', body)).json()
  t.match((await service.get('/api/problems/silences')).json(), { items: [{ id: silence.id, reason: 'known' }] })
  t.match(await current(), [{ silenced_until: silence.until }])
  const { rows } = await reader.query('select code, subject_id, state, silenced_until from ops.problems')
  t.match(rows, [{ code: 'queue_paused', subject_id: 'media', state: 'open', silenced_until: new Date(silence.until) }])
  t.equal((await service.delete(`/api/problems/silences/${silence.id}`)).statusCode, 204)
  t.equal((await service.delete(`/api/problems/silences/${silence.id}`)).json().code, 'SILENCE_NOT_FOUND')
  const [past, far] = [new Date(Date.now() - 1), new Date(Date.now() + 31 * 86_400_000)]
  for (const until of [past, far]) {
    t.equal((await service.post('/api/problems/silences', { ...body, until })).statusCode, 400)
  }

  await service.post(record.actions[0].url)
  await seen('gone_at is not null')
  await earlier('gone_at')
  await got(2)
  t.match(received[1]!.body, {
    type: 'problem.closed',
    data: { id: opened!.body.data.id, code: 'queue_paused', ended_at: String, seconds: Number, sentence: /no space/ }
  })
  t.match(await history('state=closed'), [{ id: record.id, state: 'closed', closed_at: String }])
  t.strictSame(await history('state=open'), [])
  t.equal((await deliveries(service, id)).length, 2)
  t.strictSame(await deliveries(service, usual.id), [], 'webhooks without types are told of tasks and films only')
})
