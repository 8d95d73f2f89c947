import { rename } from 'node:fs/promises'
import t from 'tap'
import { connect } from '../../src/database/connect.ts'
import { openService, type Service } from '../harness/service.ts'
import { mountSmallDisk, withoutSmallDisk } from '../harness/small-disk.ts'
import { until } from '../harness/until.ts'

async function problems(service: Service) {
  return (await service.get('/api/problems')).json().items
}

const codes = async (service: Service) => (await problems(service)).map(({ code }: { code: string }) => code)

t.test('without a worker: every waiting queue and kind is a problem, worst first', async t => {
  const service = await openService(t)
  const { pool } = service.db
  await service.submit('add', { x: 1, y: 2 })
  await service.post('/api/queues/media/pause')

  const found = await problems(service)

  t.strictSame(
    found.map(({ code, severity }: any) => [code, severity]).sort(),
    [
      ['kind_without_workers', 'critical'],
      ['no_workers', 'critical'],
      ['queue_paused', 'notice'],
      ['queue_without_workers', 'critical']
    ],
    'one for each'
  )
  t.equal(found.at(-1).code, 'queue_paused', 'a paused queue without tasks comes last')
  t.match(found.at(-1), {
    sentence: /^The queue "media" is paused since \d{4}-.* UTC, and nothing waits in it/,
    since: String,
    subject: { type: 'queue', id: 'media' },
    actions: [{ label: 'Resume queue media', method: 'POST', url: '/api/queues/media/resume', scope: 'operate' }]
  })
  const { method, url } = found.at(-1).actions[0]
  t.equal((await service.api.app.inject({ method, url })).statusCode, 200, 'its button works')
  t.notOk((await codes(service)).includes('queue_paused'))

  await t.test('a worker that was lost is one for an hour', async t => {
    await pool.query(`
      insert into darkroom.workers (id, host, pid, version, queues, kinds, concurrency, status, stopped_at) values
        (gen_random_uuid(), 'lost-now', 1, 'x', '{}', '{}', 1, 'lost', now()),
        (gen_random_uuid(), 'lost-long-ago', 1, 'x', '{}', '{}', 1, 'lost', now() - interval '2 hours'),
        (gen_random_uuid(), 'stopped', 1, 'x', '{}', '{}', 1, 'stopped', now())`)
    const lost = (await problems(service)).filter(({ code }: any) => code === 'worker_lost')
    t.match(lost, [{ sentence: /^The worker on lost-now, process 1, has sent no heartbeat/, severity: 'warning' }])
    t.equal(lost.length, 1)
  })

  await t.test('a kind whose tasks fail, by its share and by what is usual for it', async t => {
    await pool.query(`
      insert into darkroom.minutes (minute, task, queue, succeeded, failed) values
        (date_trunc('minute', now(), 'UTC'), 'broken', 'default', 2, 10),
        (date_trunc('minute', now(), 'UTC'), 'worse', 'default', 40, 6),
        (date_trunc('minute', now(), 'UTC') - interval '5 minutes', 'worse', 'media', 40, 6),
        (date_trunc('minute', now(), 'UTC'), 'as usual', 'default', 80, 12),
        (date_trunc('minute', now(), 'UTC'), 'few', 'default', 0, 9),
        (date_trunc('minute', now(), 'UTC') - interval '16 minutes', 'over', 'default', 0, 99)`)
    await pool.query(`
      insert into darkroom.hours (hour, task, queue, succeeded, failed) values
        (date_trunc('hour', now(), 'UTC') - interval '3 hours', 'worse', 'default', 9900, 100),
        (date_trunc('hour', now(), 'UTC') - interval '3 hours', 'as usual', 'default', 90, 10)`)
    const found = (await problems(service)).filter(({ code }: any) => code === 'kind_failing')
    t.match(found, [
      { sentence: /^10 of the last 12 tasks of the kind "broken" failed, within 15 minutes \(0 % in the day before\)/ },
      {
        sentence: /^12 of the last 92 tasks of the kind "worse" failed.*\(1\.0 % in/,
        subject: { type: 'kind', id: 'worse' }
      }
    ])
    t.equal(found.length, 2)
    await pool.query('delete from darkroom.minutes; delete from darkroom.hours')
  })

  await t.test('workers of other versions than the one that started last, and a database of a newer one', async t => {
    await pool.query(`
      insert into darkroom.workers (id, host, pid, version, queues, kinds, concurrency, started_at, heartbeat_at) values
        (gen_random_uuid(), 'left', 1, '0.9.0', '{}', '{}', 1, now() - interval '1 day', now() + interval '1 hour'),
        (gen_random_uuid(), 'new', 2, '1.0.0', '{}', '{}', 1, now(), now() + interval '1 hour')`)
    await pool.query(`insert into darkroom.migrations (name, timestamp) values ('9999_later', '')`)
    const found = (await problems(service)).filter(({ subject }: any) => subject.type === 'service')
    t.match(found, [
      { code: 'database_newer', severity: 'warning', sentence: /9999_later/ },
      {
        code: 'versions_differ',
        severity: 'notice',
        sentence: /has version 1\.0\.0, and another one has 0\.9\.0/,
        actions: [{ label: 'Shut down worker 0.9.0 on left', method: 'POST', scope: 'admin', body: { mode: 'warm' } }]
      }
    ])
    const { method, url, body } = found[1].actions[0]
    t.equal((await service.api.app.inject({ method, url, payload: body })).statusCode, 202, 'its button works')
    await pool.query(`delete from darkroom.workers; delete from darkroom.migrations where name = '9999_later'`)
  })

  await t.test('a schedule that is a minute late, and one that a worker refused', async t => {
    const body = { task: 'add', args: { x: 1, y: 2 }, every: 3600 }
    const late = (await service.post('/api/schedules', { name: 'late', ...body })).json()
    const refused = (await service.post('/api/schedules', { name: 'refused', ...body })).json()
    await pool.query(`update darkroom.schedules set next_run_at = now() - interval '2 minutes' where id = $1`, [
      late.id
    ])
    await pool.query(
      `update darkroom.schedules set refusal = 'It never comes', enabled = false, disabled_at = now(), next_run_at = null
       where id = $1`,
      [refused.id]
    )
    const found = (await problems(service)).filter(({ subject }: any) => subject.type === 'schedule')
    t.match(found, [
      { code: 'schedule_late', severity: 'critical', subject: { id: late.id }, actions: [{ label: 'Run late now' }] },
      { code: 'schedule_refused', severity: 'warning', subject: { id: refused.id }, sentence: /It never comes/ }
    ])
  })
})

t.test('with a worker', async t => {
  const service = await openService(t, { worker: true, env: { WORKER_CONCURRENCY: '1' } })
  const { pool } = service.db

  t.strictSame(await problems(service), [], 'all is well')

  await t.test('an old task in a busy queue', async t => {
    const busy = await service.submit('sleep', { seconds: 600 })
    await service.until(busy, ({ state }) => state === 'STARTED')
    const id = await service.submit('add', { x: 1, y: 2 }, { priority: 0 })
    await pool.query(
      `update pgboss.job set created_on = now() - interval '10 minutes', start_after = now() - interval '10 minutes'
       where id = $1`,
      [id]
    )
    await until(async () => (await codes(service)).includes('queue_old'), 'the problem is listed')
    await service.post(`/api/tasks/${busy}/cancel?wait=20`)
    await service.finished(id)
    t.ok(await until(async () => (await codes(service)).length === 0, 'all is well again'))
  })

  await t.test('a transaction that holds a lock which another session waits for', async t => {
    // As from psql: without the limits of the API's own connections.
    const psql = connect(service.db.url, { name: 'psql', max: 2 })
    t.teardown(psql.close)
    const holder = await psql.pool.connect()
    await holder.query('begin; update darkroom.installation set host = host')
    const waiting = psql.pool.query('update darkroom.installation set host = host')
    const found = await until(
      async () => (await problems(service)).find(({ code }: any) => code === 'database_locked'),
      'the problem is listed'
    )
    t.match(found, {
      severity: 'critical',
      sentence: /has held locks on .*darkroom\.installation.*, and 1 session waits for it.*pg_terminate_backend\(\d+\)/
    })
    await holder.query('rollback')
    await waiting
    holder.release()
  })

  await t.test('workers that are all paused', async t => {
    const { id } = (await service.get('/api/workers')).json().items[0]
    await service.patch(`/api/workers/${id}`, { paused: true })
    const [found] = await problems(service)
    t.match(found, { code: 'workers_paused', severity: 'critical', actions: [{ url: `/api/workers/${id}` }] })
    await service.patch(found.actions[0].url, found.actions[0].body)
    t.strictSame(await problems(service), [])
  })
})

t.test('webhooks that were given up, or take nothing', async t => {
  const service = await openService(t, { worker: true, env: { WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8' } })
  const add = async (description: string | undefined, set: string) => {
    const url = 'http://127.0.0.1:65535/services/secret-of-the-receiver'
    const { id } = (await service.post('/api/webhooks', { url, description })).json()
    await service.db.pool.query(`update darkroom.webhooks set ${set} where id = $1`, [id])
    return id as string
  }
  const disable = (reason: string) => `enabled = false, disabled_at = now(), disabled_reason = '${reason}'`
  const gone = await add('shop', disable('gone'))
  const failing = await add(undefined, `failures = 3, failing_since = now() - interval '1 hour'`)
  await add('by request', disable('request'))
  await add('a moment', `failures = 3, failing_since = now()`)

  const found = await problems(service)
  t.match(found, [
    {
      code: 'webhook_failing',
      severity: 'warning',
      subject: { type: 'webhook', id: failing },
      sentence: /^The webhook "127\.0\.0\.1:65535" has taken no message since .* in 3 attempts/
    },
    { code: 'webhook_disabled', subject: { type: 'webhook', id: gone }, sentence: /^The webhook "shop" .* 410/ }
  ])
  t.equal(found.length, 2)
  t.notMatch(JSON.stringify(found), 'secret-of-the-receiver')
  const { method, url, body } = found[1].actions[0]
  await service.api.app.inject({ method, url, payload: body })
  t.equal((await problems(service)).length, 1, 'its button works')
})

t.test('a DATA_DIR that is away', async t => {
  const service = await openService(t)
  t.notOk((await codes(service)).includes('disk_away'))
  await rename(service.dataDir, `${service.dataDir}.away`)
  t.teardown(() => rename(`${service.dataDir}.away`, service.dataDir).catch(() => {}))
  t.match(
    (await problems(service)).find(({ code }: any) => code === 'disk_away'),
    {
      severity: 'critical',
      subject: { type: 'disk', id: service.dataDir },
      sentence: /ENOENT/
    }
  )
  await rename(`${service.dataDir}.away`, service.dataDir)
})

t.test('a key that ends soon, until it is rotated', async t => {
  const service = await openService(t, { env: { AUTH: 'off' } })
  const make = async (name: string, days: number) => {
    const expires_at = new Date(Date.now() + days * 86_400_000).toISOString()
    return (await service.post('/api/keys', { name, preset: 'viewer', expires_at })).json().id as string
  }
  const soon = await make('soon', 13)
  await make('later', 15)
  const expiring = async (list: string) =>
    (await service.get(list)).json().items.filter(({ code }: any) => code === 'key_expiring')
  const found = await expiring('/api/problems')
  t.match(found, [
    { severity: 'notice', subject: { type: 'key', id: soon }, sentence: /^The key "soon" ends at .* UTC/ }
  ])
  t.equal(found.length, 1)
  t.match(await expiring('/api/doctor'), [{ severity: 'notice', fix: `darkroom key rotate ${soon}` }])
  await service.post(`/api/keys/${soon}/rotate`, {})
  t.notMatch(await expiring('/api/problems'), [{ subject: { id: soon } }])
})

t.test('a disk that is nearly full', async t => {
  const disk = await mountSmallDisk(t, 64)
  if (disk === undefined) return t.comment(withoutSmallDisk)
  const service = await openService(t, { worker: true, env: { DATA_DIR: disk } })
  t.match(await problems(service), [
    { code: 'disk_low', severity: 'critical', sentence: /0\.1 GiB free/, subject: { type: 'disk', id: disk } }
  ])
})
