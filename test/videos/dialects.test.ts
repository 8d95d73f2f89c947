import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { openService } from '../harness/service.ts'

const message = 'File successfully uploaded. Background processing started.'
const nobody = '01980000-0000-7000-8000-000000000000'

t.test('the old upload answers with its own words, with and without a slash', async t => {
  const service = await openService(t)

  for (const path of ['/upload/', '/upload']) {
    const response = await service.upload([{ filename: 'a.mp4', content: 'film' }], path)

    t.equal(response.statusCode, 201)
    const { task_id, id } = response.json()
    t.strictSame(response.json(), { message, task_id, id })
    t.match((await service.get(`/api/videos/${id}`)).json(), { id, task_id, filename: 'a.mp4' })
    t.match((await service.get(`/api/tasks/${task_id}`)).json(), { video_id: id })
  }
})

t.test('the old upload refuses what the new one refuses', async t => {
  const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '10' } })

  for (const path of ['/upload/', '/upload']) {
    t.match((await service.upload([], path)).json(), { status: 400, code: 'UPLOAD_MISSING' })
    t.match((await service.post(path, {})).json(), { status: 415, code: 'UPLOAD_NOT_MULTIPART' })
    const large = await service.upload([{ filename: 'a.mp4', content: 'eleven byte' }], path)
    t.match(large.json(), { status: 413, code: 'UPLOAD_TOO_LARGE' })
  }
})

t.test('the old status says whether it is processed, and nothing else', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep(await shoot())

  for (const path of [`/status/${id}/`, `/status/${id}`]) {
    const response = await service.get(path)
    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), { processed: false })
  }
  await service.startWorker()
  await service.finished(task_id)
  for (const path of [`/status/${id}/`, `/status/${id}`]) {
    t.strictSame((await service.get(path)).json(), { processed: true })
  }
})

t.test('the old status of a film that failed is that it is not processed', async t => {
  const service = await openService(t, { worker: true })
  const { id, task_id } = await service.keep('no film')
  await service.finished(task_id)

  t.strictSame((await service.get(`/status/${id}/`)).json(), { processed: false })
})

t.test('the old status of nothing is not found', async t => {
  const service = await openService(t)

  for (const id of [nobody, 'garbage', '1', 'x'.repeat(500), '%00', '%F0%9F%8E%AC']) {
    for (const path of [`/status/${id}/`, `/status/${id}`]) {
      t.match((await service.get(path)).json(), { status: 404, code: 'VIDEO_NOT_FOUND' }, path)
    }
  }
})

t.test('the old way to process again starts a task, or names the one that is there', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('no film')

  for (const path of ['/process-video/', '/process-video']) {
    const response = await service.post(path, { video_id: id })
    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), { task_id, status: 'Task started' })
  }
  await service.post(`/api/tasks/${task_id}/cancel`)
  const again = (await service.post('/process-video/', { video_id: id })).json()

  t.strictSame(Object.keys(again), ['task_id', 'status'])
  t.not(again.task_id, task_id)
  t.match((await service.get(`/api/tasks/${again.task_id}`)).json(), { task: 'process_video', state: 'PENDING' })
})

t.test('the old way to process again names what is wrong with its body', async t => {
  const service = await openService(t)

  for (const path of ['/process-video/', '/process-video']) {
    const missing = await service.post(path, {})
    t.match(missing.json(), { status: 400, code: 'INVALID_REQUEST', errors: [{ field: 'video_id' }] })
    const number = await service.post(path, { video_id: 5 })
    t.match(number.json(), { status: 400, errors: [{ field: 'video_id', message: /string/ }] })
    const more = await service.post(path, { video_id: nobody, more: 1 })
    t.match(more.json(), { status: 400, errors: [{ field: 'more', message: /not a known field/ }] })
    t.match((await service.post(path)).json(), { status: 400 })
    t.match((await service.post(path, { video_id: nobody })).json(), { status: 404, code: 'VIDEO_NOT_FOUND' })
  }
})
