import t from 'tap'
import { shoot } from '../../harness/clip.ts'
import { quickFfmpeg } from '../../harness/quick-ffmpeg.ts'
import { openService, type Service } from '../../harness/service.ts'

/** The result of a run of house-keeping. */
async function run(service: Service, kind: string) {
  const task = await service.finished(await service.submit(kind))
  if (task.state !== 'SUCCESS') throw new Error(JSON.stringify(task))
  return task.result
}

t.test('house-keeping of rows', async t => {
  const service = await openService(t, { worker: true, env: { HISTORY_EXPIRES: '1000' } })
  const { pool } = service.db

  await t.test('idempotency keys go after a day', async t => {
    const submit = (key: string) =>
      service.post('/api/tasks', { task: 'add', args: { x: 1, y: 1 } }, { 'idempotency-key': key })
    await submit('old')
    await submit('young')
    await pool.query(`update darkroom.idempotency_keys set created_at = now() - interval '25 hours' where key = 'old'`)

    t.strictSame(await run(service, 'expire_keys'), { keys: 1 })
    t.strictSame((await pool.query('select key from darkroom.idempotency_keys')).rows, [{ key: 'young' }])
  })

  await t.test('rows of workers that have ended go after a day', async t => {
    await pool.query(`
      insert into darkroom.workers (id, host, pid, version, queues, kinds, concurrency, status, stopped_at) values
        (gen_random_uuid(), 'old', 1, 'x', '{}', '{}', 1, 'stopped', now() - interval '25 hours'),
        (gen_random_uuid(), 'young', 1, 'x', '{}', '{}', 1, 'lost', now() - interval '23 hours')`)

    t.strictSame(await run(service, 'forget_workers'), { workers: 1 })
    const { rows } = await pool.query(`select host from darkroom.workers where status <> 'running'`)
    t.strictSame(rows, [{ host: 'young' }])
  })

  await t.test('occurrences go after HISTORY_EXPIRES, in batches', async t => {
    const schedule = (
      await service.post('/api/schedules', {
        name: 'x',
        task: 'add',
        args: { x: 1, y: 1 },
        every: 9_000,
        enabled: false
      })
    ).json()
    await pool.query(
      `insert into darkroom.occurrences (schedule_id, due_at, outcome, reason, decided_at)
       select $1, now() - n * interval '1 second', 'skipped', 'missed', now() - n * interval '1 second'
       from generate_series(1, 2500) n where n < 900 or n > 1010`,
      [schedule.id]
    )

    t.strictSame(await run(service, 'expire_occurrences'), { occurrences: 1_490 })
    const { rows } = await pool.query('select count(*)::int from darkroom.occurrences where schedule_id = $1', [
      schedule.id
    ])
    t.strictSame(rows, [{ count: 899 }])
  })

  await t.test('originals stay without ORIGINAL_EXPIRES', async t => {
    t.strictSame(await run(service, 'expire_originals'), { originals: 0 })
  })
})

t.test('originals go after ORIGINAL_EXPIRES', async t => {
  const FFMPEG_PATH = await quickFfmpeg(t, process.env.FFMPEG_PATH || 'ffmpeg')
  const service = await openService(t, { worker: true, env: { ORIGINAL_EXPIRES: '1000', FFMPEG_PATH } })
  const [old, young, failed] = [
    await service.keep(await shoot()),
    await service.keep(await shoot()),
    await service.keep('no film')
  ]
  for (const { task_id } of [old, young, failed]) await service.finished(task_id)
  const age = `update darkroom.films set created_at = created_at - interval '1 hour' where id = any($1)`
  await service.db.pool.query(age, [[old.id, failed.id]])
  await service.db.pool.query(
    `update darkroom.print_sets set made_at = made_at - interval '1 hour' where video_id = $1`,
    [old.id]
  )

  t.strictSame(await run(service, 'expire_originals'), { originals: 1 }, 'of a film that has long been ready')
  t.equal((await service.get(`/api/videos/${old.id}/files/original`)).statusCode, 404)
  const { renditions } = (await service.get(`/api/videos/${old.id}`)).json()
  const { url } = renditions.find(({ status }: { status: string }) => status === 'ready')
  t.equal((await service.get(url)).statusCode, 200, 'its prints stay')
  t.equal((await service.get(`/api/videos/${young.id}/files/original`)).statusCode, 200)
  t.equal((await service.get(`/api/videos/${failed.id}/files/original`)).statusCode, 200, 'a failed film keeps it')
  t.match((await service.post(`/api/videos/${old.id}/process`)).json(), { status: 409, code: 'ORIGINAL_GONE' })
  t.strictSame(await run(service, 'expire_originals'), { originals: 0 })
})
