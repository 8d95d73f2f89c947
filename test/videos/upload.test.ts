import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { leftovers, nothing } from '../harness/leftovers.ts'
import { openService } from '../harness/service.ts'

const bytes = Buffer.alloc(3_000, 'v')

t.test('an upload is answered at once with the address of the video and the task that processes it', async t => {
  const service = await openService(t)

  const response = await service.upload([{ filename: 'holiday.mp4', content: bytes }])

  t.equal(response.statusCode, 201)
  const answer = response.json()
  t.equal(response.headers.location, `/api/videos/${answer.id}`)
  t.strictSame(answer, {
    id: answer.id,
    task_id: answer.task_id,
    message: 'File successfully uploaded. Background processing started.',
    filename: 'holiday.mp4',
    bytes: 3_000,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    status: 'uploaded'
  })
})

t.test('an upload leaves a file, a film, three prints to come, a task and its job, written together', async t => {
  const service = await openService(t)

  const { id, task_id } = await service.keep(bytes)

  t.strictSame(await service.files(), [`videos/${id}/original`])
  t.ok(bytes.equals(await readFile(path.join(service.dataDir, 'videos', id, 'original'))))
  const video = (await service.get(`/api/videos/${id}`)).json()
  t.match(video, { status: 'uploaded', processed: false, progress: null, error: null, ready_at: null, task_id })
  t.strictSame(
    video.renditions.map(({ name, status, url }: any) => [name, status, url]),
    ['480p', '720p', '1080p'].map(name => [name, 'pending', null])
  )
  t.match((await service.get(`/api/tasks/${task_id}`)).json(), {
    task: 'process_video',
    queue: 'media',
    state: 'PENDING',
    args: { video_id: id },
    video_id: id,
    name: 'film.mp4'
  })
  const { rows } = await sql<{ xmin: string }>`
    select xmin::text from darkroom.films union all
    select xmin::text from darkroom.tasks union all
    select xmin::text from pgboss.job where id = ${task_id} and name = 'media'
  `.execute(service.db.query)
  t.equal(rows.length, 3)
  t.equal(new Set(rows.map(({ xmin }) => xmin)).size, 1, 'by one transaction')
})

t.test('when the rows cannot be written the file is removed', async t => {
  const service = await openService(t)
  await sql`alter table darkroom.tasks add constraint no_more check (false) not valid`.execute(service.db.query)

  const response = await service.upload([{ filename: 'holiday.mp4', content: bytes }])

  t.equal(response.statusCode, 500)
  t.match(response.json(), { status: 500, code: 'INTERNAL' })
  t.notMatch(response.body, /no_more|constraint/)
  t.strictSame(await leftovers(service), nothing)
})

t.test('two uploads of one file are two videos', async t => {
  const service = await openService(t)

  const first = await service.keep(bytes)
  const second = await service.keep(bytes)

  t.not(first.id, second.id)
  t.not(first.task_id, second.task_id)
  t.match(await leftovers(service), { videos: 2, tasks: 2, jobs: 2, half_uploads: [] })
})

t.test('many simultaneous uploads become as many videos', async t => {
  const service = await openService(t)
  const contents = Array.from({ length: 40 }, (_, index) => Buffer.alloc(50_000 + index, index))

  const videos = await Promise.all(contents.map(content => service.keep(content)))

  t.equal(new Set(videos.map(({ id }) => id)).size, 40)
  for (const [index, { id }] of videos.entries()) {
    t.ok(contents[index]!.equals(await readFile(path.join(service.dataDir, 'videos', id, 'original'))))
  }
  t.match(await leftovers(service), { videos: 40, renditions: 120, tasks: 40, jobs: 40, half_uploads: [] })
})

t.test('a request that is no upload is refused with a precise reason and leaves no file', async t => {
  const service = await openService(t)
  const file = { filename: 'a.mp4', content: bytes }
  const send = (payload: string | Buffer, type: string | undefined) =>
    service.api.app.inject({
      method: 'POST',
      url: '/api/videos',
      payload,
      headers: type === undefined ? {} : { 'content-type': type }
    })
  const cases: [what: string, response: () => ReturnType<typeof send>, status: number, code: string][] = [
    ['a form without a file', () => service.upload([{ name: 'title', content: 'hello' }]), 400, 'UPLOAD_MISSING'],
    ['an empty form', () => service.upload([]), 400, 'UPLOAD_MISSING'],
    ['a text in the field', () => service.upload([{ content: 'hello' }]), 400, 'UPLOAD_MISSING'],
    ['a file in another field', () => service.upload([{ ...file, name: 'film' }]), 400, 'UPLOAD_MISSING'],
    ['a file in a field named like it', () => service.upload([{ ...file, name: 'Video' }]), 400, 'UPLOAD_MISSING'],
    ['two files', () => service.upload([file, { ...file, filename: 'b.mp4' }]), 400, 'UPLOAD_SEVERAL'],
    ['a second file in another field', () => service.upload([file, { ...file, name: 'b' }]), 400, 'UPLOAD_SEVERAL'],
    ['a first file in another field', () => service.upload([{ ...file, name: 'b' }, file]), 400, 'UPLOAD_SEVERAL'],
    ['three files', () => service.upload([file, file, file]), 400, 'UPLOAD_SEVERAL'],
    ['an empty file', () => service.upload([{ ...file, content: '' }]), 400, 'UPLOAD_EMPTY'],
    ['JSON', () => send('{"video": "x"}', 'application/json'), 415, 'UPLOAD_NOT_MULTIPART'],
    ['the bare bytes', () => send(bytes, 'video/mp4'), 415, 'UPLOAD_NOT_MULTIPART'],
    ['no content type', () => send(bytes, undefined), 415, 'UPLOAD_NOT_MULTIPART'],
    ['another multipart', () => send(bytes, 'multipart/mixed; boundary=x'), 415, 'UPLOAD_NOT_MULTIPART'],
    ['no boundary', () => send('--x\r\n\r\n', 'multipart/form-data'), 400, 'UPLOAD_BROKEN'],
    ['an empty boundary', () => send('--x\r\n\r\n', 'multipart/form-data; boundary='), 400, 'UPLOAD_BROKEN'],
    ['a boundary that never comes', () => send(bytes, 'multipart/form-data; boundary=never'), 400, 'UPLOAD_BROKEN'],
    ['no body at all', () => send('', 'multipart/form-data; boundary=x'), 400, 'UPLOAD_MISSING'],
    [
      'a field named like a method of every object',
      () => service.upload([{ name: '__proto__', content: 'x' }, file]),
      400,
      'UPLOAD_BROKEN'
    ],
    [
      'a form that breaks off inside the file',
      () =>
        send(
          '--x\r\ncontent-disposition: form-data; name="video"; filename="a.mp4"\r\n\r\nhalf a film',
          'multipart/form-data; boundary=x'
        ),
      400,
      'UPLOAD_BROKEN'
    ],
    [
      'a thousand fields',
      () => service.upload([...Array.from({ length: 1000 }, () => ({ name: 'n', content: 'x' })), file]),
      400,
      'UPLOAD_BROKEN'
    ],
    [
      'a thousand fields after the file',
      () => service.upload([file, ...Array.from({ length: 1000 }, () => ({ name: 'n', content: 'x' }))]),
      400,
      'UPLOAD_BROKEN'
    ]
  ]

  for (const [what, respond, status, code] of cases) {
    const response = await respond()

    t.match(response.json(), { status, code }, what)
    t.equal(response.statusCode, status, what)
    t.match(response.headers['content-type'], /^application\/problem\+json/, what)
  }
  t.strictSame(await leftovers(service), nothing)
})

t.test('other fields before and after the file are ignored', async t => {
  const service = await openService(t)

  const response = await service.upload([
    { name: 'title', content: 'A day at the sea' },
    { name: 'json', type: 'application/json', content: '{"a": 1}' },
    { filename: 'a.mp4', content: bytes },
    { name: 'title', content: 'again' },
    { name: 'long', content: 'x'.repeat(200_000) }
  ])

  t.equal(response.statusCode, 201, response.body)
  t.match(response.json(), { bytes: 3_000, filename: 'a.mp4' })
})

t.test('a file of type octet-stream without a name is accepted, as some programs send it', async t => {
  const service = await openService(t)

  const response = await service.upload([{ type: 'application/octet-stream', content: bytes }])

  t.equal(response.statusCode, 201, response.body)
  t.match(response.json(), { filename: 'video', bytes: 3_000 })
})

t.test('a file of exactly the allowed size is accepted, one byte more is refused and leaves no file', async t => {
  const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '3000' } })

  const fits = await service.upload([{ filename: 'fits.mp4', content: bytes }])
  const larger = await service.upload([{ filename: 'larger.mp4', content: Buffer.alloc(3_001) }])

  t.equal(fits.statusCode, 201)
  t.equal(larger.statusCode, 413)
  t.match(larger.json(), { code: 'UPLOAD_TOO_LARGE', detail: /3000/ })
  t.match(await leftovers(service), { videos: 1, tasks: 1, half_uploads: [], folders: [fits.json().id] })
})

t.test('a file that is too large is refused in any field', async t => {
  const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '3000' } })

  const response = await service.upload([{ name: 'poster', filename: 'p.jpg', content: Buffer.alloc(30_000) }])

  t.match(response.json(), { status: 413, code: 'UPLOAD_TOO_LARGE' })
  t.strictSame(await leftovers(service), nothing)
})
