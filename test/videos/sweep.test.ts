import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { openForm } from '../harness/form.ts'
import { leftovers } from '../harness/leftovers.ts'
import { openLine } from '../harness/line.ts'
import { openService, type Service } from '../harness/service.ts'
import { slowFfmpeg } from '../harness/slow-ffmpeg.ts'
import { until } from '../harness/until.ts'

/** Films are not what this is about: one child, and no proof of a sandbox. */
const light = { WORKER_CONCURRENCY: '1', MEDIA_SANDBOX: 'off' }

const nobody = '01980000-0000-7000-8000-000000000000'

const old = 4_000

async function sweep(service: Service, args: object = {}) {
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

async function age(service: Service, files: string[]) {
  const then = Date.now() / 1000 - old
  for (const file of files) await utimes(path.join(service.dataDir, file), then, then)
}

t.test('files without a row are removed, and counted', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('no film')
  await service.startWorker(light)
  await service.finished(task_id)
  await put(service, 'incoming/half.part', old)
  await put(service, 'incoming/another.part', old)
  await put(service, `videos/${nobody}/original`, old)
  await put(service, `videos/${nobody}/prints-${task_id}-1/480p.mp4`, old)
  await put(service, `videos/${id}/prints-${task_id}-7/480p.mp4`, old)
  await put(service, `work/${task_id}-1/480p.part.mp4`, old)
  await put(service, `work/${nobody}-1/480p.part.mp4`, old)

  const task = await sweep(service)

  t.match(task, { state: 'SUCCESS', result: { half_uploads: 2, videos: 1, attempts: 3 } })
  t.strictSame(await service.files(), [`videos/${id}/original`])
  t.strictSame((await leftovers(service)).folders, [id])
})

t.test('files with a row stay', async t => {
  const service = await openService(t, { env: light, worker: true })
  const ready = await service.keep(await shoot())
  await service.finished(ready.task_id)
  const failed = await service.keep('no film')
  await service.finished(failed.task_id)
  const files = await service.files()
  await age(service, files)

  const task = await sweep(service)

  t.match(task, { state: 'SUCCESS', result: { half_uploads: 0, videos: 0, attempts: 0 } })
  t.strictSame(await service.files(), files)
  const { renditions } = (await service.get(`/api/videos/${ready.id}`)).json()
  t.equal((await service.get(renditions[0].url)).statusCode, 200)
})

t.test('the workspace of a running attempt stays, and its film becomes ready', async t => {
  const service = await openService(t, { env: { ...light, ...(await slowFfmpeg(t)) }, worker: true })
  const { id, task_id } = await service.keep(await shoot({ seconds: 3 }))
  await service.until(task_id, ({ progress }) => progress !== null)
  const [workspace] = await readdir(path.join(service.dataDir, 'work'))
  await age(service, [`work/${workspace}`])

  const task = await sweep(service)

  t.match(task.result, { attempts: 0, videos: 0 })
  t.equal((await service.finished(task_id)).state, 'SUCCESS')
  t.match((await service.get(`/api/videos/${id}`)).json(), { status: 'ready' })
})

t.test('an upload that is still arriving stays', async t => {
  const service = await openService(t, { env: light, worker: true })
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

t.test('files younger than an hour stay', async t => {
  const service = await openService(t, { env: light, worker: true })
  await put(service, 'incoming/young.part', 3_000)
  await put(service, 'incoming/old.part', 4_000)
  await put(service, `videos/${nobody}/original`, 3_000)
  await put(service, `videos/${nobody.replace('8', '9')}/original`, 4_000)
  await put(service, `work/${nobody}-1/480p.part.mp4`, 3_000)
  await put(service, `work/${nobody}-2/480p.part.mp4`, 4_000)

  const task = await sweep(service, {})

  t.match(task.result, { half_uploads: 1, videos: 1, attempts: 1 })
  const files = await service.files()
  t.ok(files.includes('incoming/young.part'))
  t.ok(files.includes(`videos/${nobody}/original`))
  t.ok(files.includes(`work/${nobody}-1/480p.part.mp4`))
})

t.test('foreign files stay', async t => {
  const service = await openService(t, { env: light, worker: true })
  const { id } = await service.keep('no film')
  await put(service, 'videos/notes/readme.txt', old)
  await put(service, 'videos/lost+found/x', old)
  await put(service, `videos/${id}/subtitles.vtt`, old)
  await put(service, 'other/file', old)
  await put(service, 'work/notes/x', old)

  await sweep(service)

  t.match(await service.files(), [
    'other/file',
    `videos/${id}/original`,
    `videos/${id}/subtitles.vtt`,
    'videos/lost+found/x',
    'videos/notes/readme.txt',
    'work/notes/x'
  ])
})

t.test('an hour is the least age, also for arguments that nothing has checked', async t => {
  const service = await openService(t, { env: light, worker: true })
  await put(service, `videos/${nobody}/original`)
  await put(service, 'incoming/young.part')
  const id = await service.submit('sweep', {}, { countdown: 3600 })

  await service.db.pool.query(`update darkroom.tasks set args = '{"older_than": 0}' where id = $1`, [id])
  await service.db.pool.query('update pgboss.job set start_after = now() where id = $1', [id])
  const task = await service.finished(id)

  t.equal(task.state, 'FAILURE', 'they do not fit')
  t.strictSame(await service.files(), ['incoming/young.part', `videos/${nobody}/original`])
})

t.test('thousands of files are looked up in batches, across which a film may be spread', async t => {
  const service = await openService(t, { env: light, worker: true })
  const { id } = await service.keep('no film')
  await age(service, [`videos/${id}/original`])
  for (let index = 0; index < 1_100; index++) {
    await put(service, `videos/${nobody}/prints-${nobody}-1/${index}.mp4`, old)
  }

  const task = await sweep(service)

  t.match(task.result, { videos: 1, attempts: 0 })
  t.strictSame(await service.files(), [`videos/${id}/original`])
  t.strictSame((await leftovers(service)).folders, [id])
})
