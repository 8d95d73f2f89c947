import t, { type Test } from 'tap'
import { usualRungs } from '../../src/media/plan/rungs.ts'
import { shoot } from '../harness/clip.ts'
import { openService, type Service } from '../harness/service.ts'
import { slowFfmpeg } from '../harness/slow-ffmpeg.ts'

/** The video over HTTP, after a check that SQL agrees. */
async function agreed(t: Test, { get, db }: Service, id: string) {
  const video = (await get(`/api/videos/${id}`)).json()
  const status = (await get(`/api/videos/${id}/status`)).json()
  const { rows } = await db.pool.query('select * from darkroom.videos where id = $1', [id])
  // Whose it is, for limited keys; HTTP does not say it.
  const [{ owner: _, ...row }] = JSON.parse(JSON.stringify(rows))
  const { rows: prints } = await db.pool.query(
    'select name, status, reason, bytes from darkroom.renditions where video_id = $1 order by name',
    [id]
  )

  for (const [column, value] of Object.entries(row)) t.strictSame(video[column], value, column)
  for (const field of ['status', 'processed', 'progress', 'error']) t.strictSame(status[field], row[field], field)
  t.strictSame(
    video.renditions
      .map(({ name, status, reason, bytes }: any) => ({ name, status, reason, bytes }))
      .toSorted((one: any, other: any) => (one.name < other.name ? -1 : 1)),
    prints
  )
  return { ...video, prints: [...new Set(prints.map(({ status }) => status))].join(), reason: prints[0]?.reason }
}

t.test('SQL and HTTP agree about a film from its upload to its prints, and while new prints are made', async t => {
  const service = await openService(t, { env: await slowFfmpeg(t) })
  const { id, task_id } = await service.keep(await shoot({ seconds: 2 }))

  t.match(await agreed(t, service, id), { status: 'uploaded', processed: false, error: null, prints: 'pending' })
  await service.startWorker()
  await service.until(task_id, ({ progress }) => progress !== null)
  t.match((await service.get(`/api/videos/${id}/status`)).json(), { status: 'processing', processed: false })
  await service.finished(task_id)
  const ready = await agreed(t, service, id)
  t.match(ready, { status: 'ready', processed: true, progress: 1, error: null, task_id })

  const again = (await service.post(`/api/videos/${id}/process`, undefined)).json().task_id
  await service.until(again, ({ progress }) => progress !== null)
  const during = (await service.get(`/api/videos/${id}`)).json()
  t.match(during, { status: 'processing', processed: true, task_id: again, ready_at: ready.ready_at })
  t.strictSame(during.renditions, ready.renditions, 'its URLs stay')
  await service.post(`/api/tasks/${again}/cancel?wait=10`)
  t.match(await agreed(t, service, id), { status: 'ready', processed: true, progress: 1, error: null })
})

t.test('SQL and HTTP agree about a film that fails, is retried, is cancelled, expires or is forgotten', async t => {
  const service = await openService(t)
  const { pool } = service.db
  const { id, task_id } = await service.keep('no film')
  const worker = await service.startWorker()
  await service.finished(task_id)
  await worker.stop(0)

  const failed = { status: 'failed', processed: false, prints: 'failed' }
  t.match(await agreed(t, service, id), { ...failed, error: { type: 'not_a_video' }, reason: 'not_a_video' })

  await service.post(`/api/tasks/${task_id}/retry`)
  t.match(await agreed(t, service, id), { status: 'uploaded', error: null, prints: 'pending', reason: null })
  await service.post(`/api/tasks/${task_id}/cancel`)
  t.match(await agreed(t, service, id), { ...failed, error: { type: 'cancelled' } })

  const late = await service.submit('process_video', { video_id: id }, { expires: 0.001 })
  t.match((await service.finished(late)).error, { type: 'expired' })
  t.match(await agreed(t, service, id), { ...failed, error: { type: 'expired' } })

  await service.delete(`/api/tasks/${late}`)
  await service.delete(`/api/tasks/${task_id}`)
  t.match(await agreed(t, service, id), { ...failed, error: { type: 'cancelled' } }, 'the film has kept why')
  const again = (await service.post(`/api/videos/${id}/process`)).json().task_id
  t.match(await agreed(t, service, id), { status: 'uploaded', task_id: again, error: null, prints: 'pending' })

  await pool.query(
    `update darkroom.tasks set state = 'FAILURE', finished_at = now(), error = '{"type": "dba", "message": "m"}' where id = $1`,
    [again]
  )
  t.match(await agreed(t, service, id), { ...failed, error: { type: 'dba' }, reason: 'dba' }, 'a change of a DBA')
  await pool.query('delete from darkroom.tasks where id = $1', [again])
  t.match(await agreed(t, service, id), { ...failed, error: { type: 'no_prints' } }, 'the task was deleted by a DBA')
})

t.test('a film counts as processing while any open task makes its prints', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('no film')
  await service.post(`/api/tasks/${task_id}/cancel`)

  const submitted = await service.submit('process_video', { video_id: id })

  t.match(await agreed(t, service, id), { status: 'uploaded', task_id: submitted, error: null })
})

t.test('the view can be locked, updated and deleted from like the table below it, and locks no task', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('no film')
  const dba = await service.db.pool.connect()
  t.teardown(() => dba.release())

  await dba.query('begin')
  const { rows } = await dba.query('select status from darkroom.videos where id = $1 for update', [id])
  await dba.query(`update darkroom.videos set filename = 'other.mp4' where id = $1`, [id])
  const free = await service.db.pool.query('select id from darkroom.tasks where id = $1 for update nowait', [task_id])
  const held = service.db.pool.query('select id from darkroom.films where id = $1 for update nowait', [id])
  await t.rejects(held, { code: '55P03' })
  await dba.query('commit')

  t.strictSame(rows, [{ status: 'uploaded' }])
  t.equal(free.rows.length, 1)
  t.match(await agreed(t, service, id), { filename: 'other.mp4' })
  await dba.query('delete from darkroom.videos where id = $1', [id])
  t.equal((await service.get(`/api/videos/${id}`)).statusCode, 404)
})

t.test('the views announce the rungs of RUNGS, from the smallest to the largest, in SQL as in HTTP', async t => {
  const usual = await openService(t)
  const { id } = await usual.keep('no film')
  const { rows } = await usual.db.pool.query('select name from darkroom.renditions where video_id = $1', [id])
  t.strictSame(rows.map(({ name }) => name).sort(), usualRungs.toSorted())

  const service = await openService(t, { env: { RUNGS: '2160p,480p,1440p' } })
  const large = await service.keep('no film')
  const names = ({ renditions }: any) => renditions.map(({ name, status }: any) => `${name} ${status}`)
  const inSql = async () => {
    const { rows } = await service.db.pool.query('select * from ops.videos where id = $1', [large.id])
    return names(rows[0])
  }
  const inHttp = async () => names((await service.get(`/api/videos/${large.id}`)).json())
  t.strictSame(await inHttp(), ['480p pending', '1440p pending', '2160p pending'])
  t.strictSame(await inSql(), await inHttp())
  t.strictSame((await agreed(t, service, large.id)).prints, 'pending')

  await service.startWorker({ RUNGS: '1080p' })
  await service.finished(large.task_id)
  t.strictSame(await inHttp(), ['1080p failed'], 'the worker makes the prints, so what it makes counts')
  t.strictSame(await inSql(), await inHttp())
})
