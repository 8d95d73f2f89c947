import { mkdir, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { openForm } from '../harness/form.ts'
import { leftovers } from '../harness/leftovers.ts'
import { openLine } from '../harness/line.ts'
import { openService, type Service } from '../harness/service.ts'
import { slowFfmpeg } from '../harness/slow-ffmpeg.ts'
import { until } from '../harness/until.ts'

const nobody = '01980000-0000-7000-8000-000000000000'

async function sweep(service: Service, args: object = { older_than: 0 }) {
  return service.finished(await service.submit('sweep', args))
}

async function put(service: Service, file: string, age = 0) {
  const full = path.join(service.dataDir, file)
  await mkdir(path.dirname(full), { recursive: true })
  await writeFile(full, 'left behind')
  const then = Date.now() / 1000 - age
  await utimes(full, then, then)
  await utimes(path.dirname(full), then, then)
}

t.test('what no row points at goes, and is counted', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('no film')
  await service.startWorker()
  await service.finished(task_id)
  await put(service, 'incoming/half.part')
  await put(service, 'incoming/another.part')
  await put(service, `videos/${nobody}/original`)
  await put(service, `videos/${nobody}/prints-${task_id}-1/480p.mp4`)
  await put(service, `videos/${id}/work-${task_id}-1/480p.part.mp4`)
  await put(service, `videos/${id}/prints-${task_id}-7/480p.mp4`)
  await put(service, `videos/${id}/work-${nobody}-1/480p.part.mp4`)

  const task = await sweep(service)

  t.match(task, { state: 'SUCCESS', result: { half_uploads: 2, videos: 1, attempts: 3 } })
  t.strictSame(await service.files(), [`videos/${id}/original`])
  t.strictSame((await leftovers(service)).folders, [id])
})

t.test('what rows point at stays', async t => {
  const service = await openService(t, { worker: true })
  const ready = await service.keep(await shoot())
  await service.finished(ready.task_id)
  const failed = await service.keep('no film')
  await service.finished(failed.task_id)
  const files = await service.files()

  const task = await sweep(service)

  t.match(task.result, { half_uploads: 0, videos: 0, attempts: 0 })
  t.strictSame(await service.files(), files)
  const { renditions } = (await service.get(`/api/videos/${ready.id}`)).json()
  t.equal((await service.get(renditions[0].url)).statusCode, 200)
})

t.test('what an attempt that runs has made stays, and its film becomes ready', async t => {
  const service = await openService(t, { env: await slowFfmpeg(t), worker: true })
  const { id, task_id } = await service.keep(await shoot({ seconds: 3 }))
  await service.until(task_id, ({ progress }) => progress !== null)
  t.ok((await service.files()).some(file => file.includes('/work-')))

  const task = await sweep(service)

  t.match(task.result, { attempts: 0, videos: 0 })
  t.equal((await service.finished(task_id)).state, 'SUCCESS')
  t.match((await service.get(`/api/videos/${id}`)).json(), { status: 'ready' })
})

t.test('an upload that is still arriving stays', async t => {
  const service = await openService(t, { worker: true })
  const line = await openLine(t, await service.listen())
  const { headers, head, tail } = openForm([{ filename: 'a.mp4', content: Buffer.alloc(100_000) }])
  const length = head.length + tail.length
  await line.send(
    `POST /api/videos HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${headers['content-type']}\r\ncontent-length: ${length}\r\n\r\n`
  )
  await line.send(head)
  await until(async () => (await leftovers(service)).half_uploads.length === 1, 'the upload has begun')

  const task = await sweep(service, {})
  await line.send(tail)
  const { status } = await line.answer()

  t.match(task.result, { half_uploads: 0 })
  t.equal(status, 201)
})

t.test('without being told otherwise it leaves alone what is younger than an hour', async t => {
  const service = await openService(t, { worker: true })
  const { id } = await service.keep('no film')
  await put(service, 'incoming/young.part', 3_000)
  await put(service, 'incoming/old.part', 4_000)
  await put(service, `videos/${nobody}/original`, 3_000)
  await put(service, `videos/${nobody.replace('8', '9')}/original`, 4_000)
  await put(service, `videos/${id}/work-${nobody}-1/480p.part.mp4`, 3_000)
  await put(service, `videos/${id}/work-${nobody}-2/480p.part.mp4`, 4_000)

  const task = await sweep(service, {})

  t.match(task.result, { half_uploads: 1, videos: 1, attempts: 1 })
  const files = await service.files()
  t.ok(files.includes('incoming/young.part'))
  t.ok(files.includes(`videos/${nobody}/original`))
  t.ok(files.includes(`videos/${id}/work-${nobody}-1/480p.part.mp4`))
})

t.test('it leaves alone what is not ours', async t => {
  const service = await openService(t, { worker: true })
  const { id } = await service.keep('no film')
  await put(service, 'videos/notes/readme.txt')
  await put(service, 'videos/lost+found/x')
  await put(service, `videos/${id}/subtitles.vtt`)
  await put(service, 'other/file')

  await sweep(service)

  t.match(await service.files(), [
    'other/file',
    `videos/${id}/original`,
    `videos/${id}/subtitles.vtt`,
    'videos/lost+found/x',
    'videos/notes/readme.txt'
  ])
})

t.test('with nothing to do it does nothing', async t => {
  const service = await openService(t, { worker: true })

  t.match(await sweep(service), { state: 'SUCCESS', result: { half_uploads: 0, videos: 0, attempts: 0 } })
  t.match((await service.post('/api/tasks', { task: 'sweep', args: { older_than: -1 } })).json(), {
    status: 400,
    errors: [{ field: 'args.older_than' }]
  })
})
