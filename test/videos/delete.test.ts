import pg from 'pg'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { leftovers } from '../harness/leftovers.ts'
import { waitingForLocks } from '../harness/locks.ts'
import { processesAbout, skipWithoutProc } from '../harness/processes.ts'
import { openService } from '../harness/service.ts'
import { slowFfmpeg } from '../harness/slow-ffmpeg.ts'
import { until } from '../harness/until.ts'

const gone = { half_uploads: [], folders: [], videos: 0, renditions: 0 }

t.test('a deleted video with a waiting task loses its file, and its task is revoked', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('film')

  const response = await service.delete(`/api/videos/${id}`)

  t.equal(response.statusCode, 204)
  t.equal(response.body, '')
  t.match(await leftovers(service), gone)
  t.match((await service.get(`/api/tasks/${task_id}`)).json(), { state: 'REVOKED', status: 'CANCELLED' })
  t.match((await service.get(`/api/videos/${id}`)).json(), { status: 404, code: 'VIDEO_NOT_FOUND' })
  t.strictSame((await service.get('/api/videos')).json().items, [])
})

t.test('a deleted video that is being processed loses its processes', { skip: skipWithoutProc }, async t => {
  const service = await openService(t, { env: await slowFfmpeg(t), worker: true })
  const { id, task_id } = await service.keep(await shoot({ seconds: 60, fps: 5 }))
  await service.until(task_id, ({ progress }) => Number(progress) > 0)
  t.ok((await processesAbout(service.dataDir)).length > 0, 'ffmpeg runs')

  const response = await service.delete(`/api/videos/${id}`)

  t.equal(response.statusCode, 204)
  t.strictSame(await processesAbout(service.dataDir), [], 'ffmpeg is gone when the answer comes')
  t.match((await service.get(`/api/tasks/${task_id}`)).json(), { state: 'REVOKED', error: { type: 'cancelled' } })
  t.match(await leftovers(service), gone)
  const { rows } = await service.db.pool.query('select outcome from darkroom.attempts where task_id = $1', [task_id])
  t.strictSame(rows, [{ outcome: 'cancelled' }])
})

t.test('a video whose worker does not answer is deleted all the same', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('film')
  // As if a worker had claimed it and had then lost its connection.
  await service.db.pool.query(`update pgboss.job set state = 'active', started_on = now() where id = $1`, [task_id])
  await service.db.pool.query(
    `update darkroom.tasks set state = 'STARTED', attempts = 1, worker = gen_random_uuid(), started_at = now() where id = $1`,
    [task_id]
  )

  const response = await service.delete(`/api/videos/${id}`)

  t.equal(response.statusCode, 204)
  t.match((await service.get(`/api/tasks/${task_id}`)).json(), { state: 'REVOKED' })
  t.match(await leftovers(service), gone)
})

t.test('a ready video is deleted with its prints', async t => {
  const service = await openService(t, { worker: true })
  const { id, task_id } = await service.keep(await shoot())
  await service.finished(task_id)

  const response = await service.delete(`/api/videos/${id}/`)

  t.equal(response.statusCode, 204)
  t.match(await leftovers(service), gone)
  t.match((await service.get(`/api/tasks/${task_id}`)).json(), { state: 'SUCCESS' }, 'what was done stays done')
  t.equal((await service.get(`/api/videos/${id}/files/180p.mp4`)).statusCode, 404)
  t.equal((await service.get(`/api/videos/${id}/files/original`)).statusCode, 404)
})

t.test('a video that is deleted while its prints are being recorded is gone', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep(await shoot())
  // Recording the end of a task waits before it comes to the film, for as long as the test holds this lock.
  const gate = new pg.Client({ connectionString: service.url })
  await gate.connect()
  t.teardown(() => gate.end())
  await gate.query(`
    create function wait_at_gate() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock(4711); return new; end $$;
    create trigger gate after update on darkroom.tasks
      for each row when (new.id = '${task_id}' and new.state = 'SUCCESS') execute function wait_at_gate();
    select pg_advisory_lock(4711)`)
  await service.startWorker()
  await waitingForLocks(service, 'the end of the task is being recorded')

  const deletion = service.delete(`/api/videos/${id}`)
  await waitingForLocks(service, 'the deletion waits for it', 2)
  await gate.query('select pg_advisory_unlock(4711)')
  const response = await deletion

  t.equal(response.statusCode, 204, response.body)
  t.match(await service.finished(task_id), { state: 'SUCCESS' }, 'which was first')
  await until(async () => (await leftovers(service)).folders.length === 0, 'its folder is gone')
  t.match(await leftovers(service), gone)
})

t.test('other videos are not touched', async t => {
  const service = await openService(t)
  const one = await service.keep('film')
  const other = await service.keep('film')

  await service.delete(`/api/videos/${one.id}`)

  t.strictSame(await service.files(), [`videos/${other.id}/original`])
  t.match((await service.get(`/api/tasks/${other.task_id}`)).json(), { state: 'PENDING' })
})

t.test('the second DELETE of a video, or one of an unknown video, is not found', async t => {
  const service = await openService(t)
  const { id } = await service.keep('film')
  await service.delete(`/api/videos/${id}`)

  for (const gone of [id, '01980000-0000-7000-8000-000000000000', 'garbage', '%00', '..%2f..%2f..']) {
    const response = await service.delete(`/api/videos/${gone}`)

    t.equal(response.statusCode, 404, gone)
    t.match(response.json(), { status: 404, code: 'VIDEO_NOT_FOUND' }, gone)
  }
})

t.test('a dozen simultaneous DELETEs are one', async t => {
  const service = await openService(t)
  const { id } = await service.keep('film')

  const responses = await Promise.all(Array.from({ length: 12 }, () => service.delete(`/api/videos/${id}`)))

  t.ok(responses.some(({ statusCode }) => statusCode === 204))
  t.ok(responses.every(({ statusCode }) => statusCode === 204 || statusCode === 404))
  t.match(await leftovers(service), gone)
})

t.test('a worker that claims the task of a deleted video leaves no file of it', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep(await shoot())
  await service.db.pool.query('delete from darkroom.videos where id = $1', [id])

  await service.startWorker()

  await service.finished(task_id)
  await until(async () => (await leftovers(service)).folders.length === 0, 'its folder is gone')
  t.match(await leftovers(service), gone)
})
