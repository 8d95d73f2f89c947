import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { openService, type Service } from '../harness/service.ts'
import { slowFfmpeg } from '../harness/slow-ffmpeg.ts'
import { until } from '../harness/until.ts'

const nobody = '01980000-0000-7000-8000-000000000000'

/** Without a worker of its own: a test that needs one starts and stops it. */
const service = await openService(t)
const one = { WORKER_CONCURRENCY: '1' }

async function videoOf(service: Service, id: string) {
  return (await service.get(`/api/videos/${id}`)).json()
}

t.test('a request to process a video with an open task answers that task', async t => {
  const { id, task_id } = await service.keep('film')

  const first = await service.post(`/api/videos/${id}/process`)
  const second = await service.post(`/process-video/`, { video_id: id })

  t.equal(first.statusCode, 202)
  t.strictSame(first.json(), { task_id })
  t.strictSame(second.json(), { task_id, status: 'Task started' })
})

t.test('processing again makes new prints in the place of the old ones, which are served until then', async t => {
  const worker = await service.startWorker({ ...one, ...(await slowFfmpeg(t)) })
  t.teardown(() => worker.stop(0))
  const { id, task_id } = await service.keep(await shoot({ seconds: 2, size: '160x90' }))
  await service.finished(task_id)
  const before = await videoOf(service, id)
  const [url] = before.renditions.map(({ url }: any) => url).filter(Boolean)
  const old = (await service.get(url)).headers.etag
  const filesOf = async () => (await service.files()).filter(file => file.includes(id))
  const oldFiles = await filesOf()

  const response = await service.post(`/api/videos/${id}/process`)
  const again = response.json().task_id
  await service.until(again, ({ progress }) => progress !== null)
  const during = await videoOf(service, id)
  const served = await service.get(url)
  const task = await service.finished(again)

  t.equal(response.statusCode, 202)
  t.not(again, task_id)
  t.match(during, { status: 'processing', processed: true, task_id: again, error: null, ready_at: before.ready_at })
  t.equal(during.renditions.find((print: any) => print.url === url)?.status, 'ready')
  t.equal(served.statusCode, 200)
  t.equal(served.headers.etag, old)
  t.equal(task.state, 'SUCCESS')
  const after = await videoOf(service, id)
  t.match(after, { status: 'ready', processed: true, task_id: again })
  t.not(after.ready_at, before.ready_at)
  t.not((await service.get(url)).headers.etag, old, 'a player that has half of the old one begins anew')
  await until(async () => (await filesOf()).length === oldFiles.length, 'the old prints are gone')
  const kept = await filesOf()
  t.notOk(
    kept.some(file => file !== `videos/${id}/original` && oldFiles.includes(file)),
    'no old print is left'
  )
  // The names of segments have that of their attempt.
  const names = (files: string[]) => files.map(file => path.basename(file).replace(/^\w{12}-1-/, '')).sort()
  t.strictSame(names(kept), names(oldFiles))
})

t.test('a print that the film cannot have is refused by its name, and one of its own size is made', async t => {
  const worker = await service.startWorker(one)
  t.teardown(() => worker.stop(0))
  const { id, task_id } = await service.keep(await shoot({ size: '160x90' }))
  await service.finished(task_id)
  const ask = (only: string[]) => service.post(`/api/videos/${id}/process`, { only })

  const refused = await ask(['480p', '999p', '720p.hevc'])

  t.equal(refused.statusCode, 400)
  const message = 'must be one of 480p, 720p, 1080p, 90p: the settings RUNGS and CODECS of the API name the prints'
  t.match(refused.json(), { code: 'INVALID_REQUEST', detail: `only[1] ${message}; only[2] ${message}` })
  t.strictSame(refused.json().errors, [
    { field: 'only[1]', message },
    { field: 'only[2]', message }
  ])
  t.match(await videoOf(service, id), { status: 'ready', task_id })
  const again = (await ask(['90p'])).json().task_id
  t.match(await service.finished(again), { state: 'SUCCESS', result: { renditions: [{ name: '90p' }] } })
})

t.test('processing again after a failure is a fresh start', async t => {
  const { id, task_id } = await service.keep('no film')
  const worker = await service.startWorker(one)
  t.teardown(() => worker.stop(0))
  await service.finished(task_id)

  const again = (await service.post(`/api/videos/${id}/process`)).json().task_id
  const task = await service.finished(again)

  t.not(again, task_id)
  t.match(task, { state: 'FAILURE', attempts: 1, video_id: id })
  t.match(await videoOf(service, id), { status: 'failed', task_id: again, error: { type: 'not_a_video' } })
})

t.test('when the task of new prints is cancelled the old prints stay', async t => {
  const worker = await service.startWorker({ ...one, ...(await slowFfmpeg(t)) })
  t.teardown(() => worker.stop(0))
  const { id, task_id } = await service.keep(await shoot({ seconds: 2 }))
  await service.finished(task_id)
  const before = await service.files()
  const { ready_at } = await videoOf(service, id)

  const again = (await service.post(`/api/videos/${id}/process`)).json().task_id
  await service.until(again, ({ progress }) => progress !== null)
  await service.post(`/api/tasks/${again}/cancel?wait=10`)

  t.match((await service.get(`/api/tasks/${again}`)).json(), { state: 'REVOKED' })
  await until(async () => (await service.files()).length === before.length, 'what was begun is gone')
  t.strictSame(await service.files(), before)
  const video = await videoOf(service, id)
  t.match(video, { status: 'ready', processed: true, progress: 1, error: null, ready_at, task_id: again })
  t.strictSame((await service.get(`/status/${id}/`)).json(), { processed: true })
  const print = video.renditions.find(({ url }: any) => url !== null)
  t.equal((await service.get(print.url)).statusCode, 200)
})

t.test('when the task of new prints fails the old prints stay, and a later run may still replace them', async t => {
  const { id, task_id } = await service.keep(await shoot())
  const worker = await service.startWorker(one)
  await service.finished(task_id)
  await worker.stop(0)
  const original = path.join(service.dataDir, 'videos', id, 'original')
  const film = await readFile(original)

  const failing = (await service.post(`/api/videos/${id}/process`)).json().task_id
  const waiting = await videoOf(service, id)
  await writeFile(original, 'no film')
  const second = await service.startWorker(one)
  t.teardown(() => second.stop(0))
  const failed = await service.finished(failing)
  const after = await videoOf(service, id)
  await writeFile(original, film)
  const last = (await service.post(`/api/videos/${id}/process`)).json().task_id
  await service.finished(last)

  t.match(waiting, { status: 'processing', processed: true, progress: null })
  t.equal(failed.state, 'FAILURE')
  t.match(after, { status: 'ready', processed: true, progress: 1, error: null, task_id: failing })
  t.match(await videoOf(service, id), { status: 'ready', processed: true, task_id: last })
})

t.test('ten simultaneous requests make one task', async t => {
  const { id, task_id } = await service.keep('no film')
  await service.post(`/api/tasks/${task_id}/cancel`)

  const responses = await Promise.all(Array.from({ length: 10 }, () => service.post(`/api/videos/${id}/process`)))

  const ids = new Set(responses.map(response => response.json().task_id))
  t.equal(ids.size, 1)
  t.notOk(ids.has(task_id))
  t.match(await videoOf(service, id), { status: 'uploaded', task_id: [...ids][0] })
})

t.test('a video that does not exist is not processed', async t => {
  const tasks = async () => (await service.db.pool.query('select from darkroom.tasks')).rows.length
  const before = await tasks()

  for (const id of [nobody, 'garbage', 'x'.repeat(100), '%00', '..%2f..', "'%20or%20true"]) {
    const response = await service.post(`/api/videos/${id}/process`)
    t.match(response.json(), { status: 404, code: 'VIDEO_NOT_FOUND' }, id)
  }
  for (const video_id of [nobody, 'garbage', '']) {
    t.match((await service.post('/process-video', { video_id })).json(), { status: 404, code: 'VIDEO_NOT_FOUND' })
  }
  t.equal(await tasks(), before)
})

t.test('the route needs no body, whatever headers its client sends', async t => {
  const { id, task_id } = await service.keep('film')

  const bare = await service.post(`/api/videos/${id}/process`, undefined, { 'content-type': 'application/json' })
  const empty = await service.post(`/api/videos/${id}/process`, {})

  t.strictSame(bare.json(), { task_id })
  t.strictSame(empty.json(), { task_id })
})
