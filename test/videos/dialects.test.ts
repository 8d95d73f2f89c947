import type { Page } from 'playwright-core'
import t from 'tap'
import { openPage, skipWithoutBrowser } from '../harness/browser.ts'
import { shoot } from '../harness/clip.ts'
import { openService } from '../harness/service.ts'

const message = 'File successfully uploaded. Background processing started.'
const unknownId = '01980000-0000-7000-8000-000000000000'

// One service without a worker for requests alone, and one with a worker for tasks that have to end.
const idle = await openService(t)
const busy = await openService(t, { worker: true })
/** A dialect's route at its old address and below `/api`, each with and without the slash. */
const spellings = (path: string) => ['', '/api'].flatMap(prefix => [`${prefix}${path}/`, `${prefix}${path}`])

t.test('upload answers 201 with its message and both ids', async t => {
  for (const path of spellings('/upload')) {
    const response = await idle.upload([{ filename: 'a.mp4', content: 'film' }], path)

    t.equal(response.statusCode, 201)
    const { task_id, id } = response.json()
    t.strictSame(response.json(), { message, task_id, id })
    t.match((await idle.get(`/api/videos/${id}`)).json(), { id, task_id, filename: 'a.mp4' })
    t.match((await idle.get(`/api/tasks/${task_id}`)).json(), { video_id: id })
  }
})

t.test('upload refuses what POST /api/videos refuses', async t => {
  const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '10' } })

  for (const path of spellings('/upload')) {
    t.match((await service.upload([], path)).json(), {
      status: 400,
      code: 'UPLOAD_MISSING',
      errors: [{ field: 'video' }]
    })
    t.match((await service.post(path, {})).json(), { status: 415, code: 'UPLOAD_NOT_MULTIPART' })
    const large = await service.upload([{ filename: 'a.mp4', content: 'eleven byte' }], path)
    t.match(large.json(), { status: 413, code: 'UPLOAD_TOO_LARGE' })
  }
})

t.test('status of a film says whether it is processed, and nothing else', async t => {
  const waiting = await idle.keep('film')
  const ready = await busy.keep(await shoot())
  await busy.finished(ready.task_id)

  for (const path of spellings(`/status/${waiting.id}`)) {
    const response = await idle.get(path)
    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), { processed: false })
  }
  for (const path of spellings(`/status/${ready.id}`)) {
    t.strictSame((await busy.get(path)).json(), { processed: true })
  }
})

t.test('status of a film that failed says so, with the reason', async t => {
  const { id, task_id } = await busy.keep('no film')
  const { error } = await busy.finished(task_id)

  t.ok(error!.message.length > 10)
  for (const path of spellings(`/status/${id}`)) {
    t.strictSame((await busy.get(path)).json(), { processed: false, status: 'failed', error: error!.message })
  }
})

t.test('status of a film whose task was revoked says that it failed', async t => {
  const { id, task_id } = await idle.keep('film')
  await idle.post(`/api/tasks/${task_id}/cancel`)
  const { error } = await idle.finished(task_id)

  t.strictSame((await idle.get(`/status/${id}/`)).json(), { processed: false, status: 'failed', error: error!.message })
})

t.test('status of a task is Pending until it ends as Completed or Failed', async t => {
  const { task_id: failed } = await busy.keep('no film')
  const running = await busy.submit('sleep', { seconds: 600 })
  const done = await busy.submit('process_data', { data: 'hello' })
  const delayed = await busy.submit('add', { x: 1, y: 2 }, { countdown: 3600 })
  const expired = await busy.submit('add', { x: 1, y: 2 }, { expires: 0 })
  await busy.until(running, ({ state }) => state === 'STARTED')
  await busy.finished(done)

  const answers: [id: string, answer: object][] = [
    [delayed, { status: 'Pending' }],
    [running, { status: 'Pending' }],
    [done, { status: 'Completed', result: { processed_data: 'HELLO' } }],
    [failed, { status: 'Failed', error: (await busy.finished(failed)).error!.message }],
    [expired, { status: 'Failed', error: (await busy.finished(expired)).error!.message }]
  ]
  for (const [id, answer] of answers) {
    for (const path of spellings(`/status/${id}`)) t.strictSame((await busy.get(path)).json(), answer, path)
  }
  await busy.post(`/api/tasks/${running}/cancel?wait=10`)
  t.match((await busy.get(`/status/${running}/`)).json(), { status: 'Failed', error: /cancel/ })
})

t.test('status of an unknown id is 404', async t => {
  for (const id of [unknownId, 'garbage', '1', 'x'.repeat(500), '%00', '%F0%9F%8E%AC']) {
    for (const path of spellings(`/status/${id}`)) {
      t.match((await idle.get(path)).json(), { status: 404, code: 'VIDEO_NOT_FOUND' }, path)
    }
    for (const path of spellings(`/task-status/${id}`)) {
      t.match((await idle.get(path)).json(), { status: 404, code: 'TASK_NOT_FOUND' }, path)
    }
  }
})

t.test('process-video submits a task, or names the one that is already open', async t => {
  const { id, task_id } = await idle.keep('no film')

  for (const path of spellings('/process-video')) {
    const response = await idle.post(path, { video_id: id })
    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), { task_id, status: 'Task started' })
  }
  await idle.post(`/api/tasks/${task_id}/cancel`)
  const again = (await idle.post('/process-video/', { video_id: id })).json()

  t.strictSame(Object.keys(again), ['task_id', 'status'])
  t.not(again.task_id, task_id)
  t.match((await idle.get(`/api/tasks/${again.task_id}`)).json(), { task: 'process_video', state: 'PENDING' })
})

t.test('process-video names what is wrong with its body', async t => {
  for (const path of spellings('/process-video')) {
    const missing = await idle.post(path, {})
    t.match(missing.json(), { status: 400, code: 'INVALID_REQUEST', errors: [{ field: 'video_id' }] })
    const number = await idle.post(path, { video_id: 5 })
    t.match(number.json(), { status: 400, errors: [{ field: 'video_id', message: /string/ }] })
    const more = await idle.post(path, { video_id: unknownId, more: 1 })
    t.match(more.json(), { status: 400, errors: [{ field: 'more', message: /not a known field/ }] })
    t.match((await idle.post(path)).json(), { status: 400 })
    t.match((await idle.post(path, { video_id: unknownId })).json(), { status: 404, code: 'VIDEO_NOT_FOUND' })
  }
})

t.test("in a browser the tutorials' front ends come to an end", { skip: skipWithoutBrowser }, async t => {
  const address = await busy.listen()
  const { page, complaints } = await openPage(t, address)
  // The page of a front end that lives at the same origin.
  await page.route(`${address}/front-end`, route => route.fulfill({ contentType: 'text/html', body: '<main></main>' }))
  await page.goto(`${address}/front-end`)
  const good = [...(await shoot())]
  const garbage = [...Buffer.from('no film')]

  t.test('with a task that succeeds', async t => {
    const { id } = await busy.keep(Buffer.from(good))

    const { status, error, result } = await processAndPoll(page, id)

    t.equal(status, 'Success', error)
    t.ok(result)
  })

  t.test('with a task that fails', async t => {
    const { id } = await busy.keep(Buffer.from(garbage))

    t.match(await processAndPoll(page, id), { status: 'Failure', error: /.{10}/ })
  })

  t.test('with a film that is processed', async t => {
    t.strictSame(await uploadAndPoll(page, good), { processed: true })
  })

  t.test('with a film that fails', async t => {
    t.match(await uploadAndPoll(page, garbage), { processed: false, status: 'failed', error: /.{10}/ })
  })

  t.strictSame(complaints, [])
})

/** What the tutorials' component does in the page: start a task, then ask every two seconds until it has ended. */
function processAndPoll(page: Page, video_id: string): Promise<any> {
  return page.evaluate(async video_id => {
    const started = await fetch('/api/process-video/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ video_id })
    })
    const { task_id } = (await started.json()) as any
    return new Promise<any>((resolve, reject) => {
      const timer = setInterval(async () => {
        const answer: any = await fetch(`/api/task-status/${task_id}/`).then(response => response.json(), reject)
        if (answer?.status !== 'Success' && answer?.status !== 'Failure') return
        clearInterval(timer)
        resolve(answer)
      }, 2000)
    })
  }, video_id)
}

/** The same for a film: upload, then ask until it is processed, or has failed. */
function uploadAndPoll(page: Page, bytes: number[]): Promise<any> {
  return page.evaluate(async bytes => {
    const form = new FormData()
    form.append('video', new File([new Uint8Array(bytes)], 'film.mp4', { type: 'video/mp4' }))
    const uploaded: any = await (await fetch('/api/upload/', { method: 'POST', body: form })).json()
    return new Promise<any>((resolve, reject) => {
      const timer = setInterval(async () => {
        const answer: any = await fetch(`/api/status/${uploaded.id}/`).then(response => response.json(), reject)
        if (!answer?.processed && answer?.status !== 'failed') return
        clearInterval(timer)
        resolve(answer)
      }, 2000)
    })
  }, bytes)
}
