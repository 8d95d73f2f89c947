import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { leftovers } from '../harness/leftovers.ts'
import { openService } from '../harness/service.ts'
import { checksum, metadata, octets, sha256, tus, tusClient } from '../harness/tus.ts'

const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '3 MiB' } })
const client = tusClient(await service.listen())
const { send, create, patch, head, get } = client

type Case = readonly [what: string, status: number, code: string, () => ReturnType<typeof send>]

t.test('a film that arrives in parts is the same as one that was sent as a form', async t => {
  const film = await shoot()
  const upload = await create(film.length, { 'upload-metadata': metadata({ filename: 'größe.mp4', kind: 'home' }) })
  const half = Math.floor(film.length / 2)

  const before = await head(upload)
  const first = await patch(upload, 0, film.subarray(0, half))
  const between = await get(upload)
  const last = await patch(upload, half, film.subarray(half))
  const after = await head(upload)

  t.match(upload, /^\/api\/uploads\/[0-9a-f-]{36}$/)
  t.match(before, { status: 200, body: '', headers: { 'upload-offset': '0', 'upload-length': String(film.length) } })
  t.match(before.headers, { 'cache-control': 'no-store', 'upload-metadata': /^filename \S+,kind aG9tZQ==$/, ...tus })
  t.match(first, { status: 204, headers: { 'upload-offset': String(half), 'upload-expires': /GMT$/, ...tus } })
  t.match(between, { status: 200, body: { offset: half, length: film.length, video_id: null, filename: 'größe.mp4' } })
  t.match(last, { status: 204, headers: { 'upload-offset': String(film.length) } })
  t.equal(last.headers['upload-expires'], undefined)

  const { body } = await get(upload)
  const video = (await service.get(`/api/videos/${body.video_id}`)).json()
  t.match(video, { filename: 'größe.mp4', bytes: film.length, sha256: sha256(film), task_id: body.task_id })
  t.match(body, { id: upload.split('/').at(-1), offset: film.length, sha256: sha256(film) })
  t.ok(film.equals(await readFile(path.join(service.dataDir, 'videos', video.id, 'original'))))
  t.match((await service.get(`/api/tasks/${body.task_id}`)).json(), { task: 'process_video', video_id: video.id })
  const ids = { video_id: video.id, task_id: body.task_id }
  t.equal(after.headers['upload-metadata'], `${before.headers['upload-metadata']},${metadata(ids)}`)
  t.match(await patch(upload, film.length), { status: 204, headers: { 'upload-offset': String(film.length) } })
  t.match((await leftovers(service)).parts, [])
})

t.test('what is certainly no film is refused by its first bytes, and nothing of it stays', async t => {
  const zip = Buffer.concat([Buffer.from('PK\x03\x04'), randomBytes(100_000)])
  const upload = await create(2_000_000)
  const first = await patch(upload, 0, zip)
  const creation = { 'upload-length': '2000000', ...octets }
  const together = await send('POST', '/api/uploads', creation, Buffer.from('%PDF-1.7 …'))
  const late = await create(2_000_000)
  await patch(late, 0, Buffer.from('a'))

  t.match(first, { status: 415, body: { code: 'UPLOAD_NO_FILM', detail: /is a ZIP archive .* and no film/ } })
  t.match(together, { status: 415, body: { code: 'UPLOAD_NO_FILM', detail: /is a PDF document/ } })
  t.equal((await head(upload)).status, 404)
  t.match(await patch(late, 1, zip), { status: 204 }, 'only the beginning tells')
  t.equal((await send('DELETE', late)).status, 204)
  t.match((await leftovers(service)).parts, [])
})

t.test('OPTIONS says what a client may use, without any header of tus', async t => {
  for (const url of ['/api/uploads', '/api/uploads/', '/api/uploads/garbage']) {
    const { statusCode, headers, body } = await service.api.app.inject({ method: 'OPTIONS', url })

    t.match([statusCode, body], [204, ''])
    t.match(headers, {
      'tus-version': '1.0.0',
      'tus-extension': 'creation,creation-with-upload,creation-defer-length,termination,checksum,expiration',
      'tus-max-size': String(3 * 1024 ** 2),
      'tus-checksum-algorithm': /^sha1,/
    })
  }
})

t.test('the first bytes may come with the creation', async t => {
  const bytes = randomBytes(1000)
  const first = { 'upload-length': '1000', ...octets, 'upload-checksum': checksum('sha256', bytes.subarray(0, 600)) }

  const created = await send('POST', '/api/uploads', first, bytes.subarray(0, 600))
  const upload = created.headers.location!
  const last = await patch(upload, 600, bytes.subarray(600))
  const whole = await send('POST', '/api/uploads', { 'upload-length': '1000', ...octets }, bytes)

  t.match(created, {
    status: 201,
    headers: { 'upload-offset': '600', 'upload-expires': /GMT$/ },
    body: { offset: 600 }
  })
  t.equal(last.status, 204)
  t.match((await get(upload)).body, { sha256: sha256(bytes) })
  t.match(whole, { status: 201, headers: { 'upload-offset': '1000' }, body: { sha256: sha256(bytes) } })
  t.equal(whole.body.video_id, whole.body.id)

  const left = await leftovers(service)
  const wrong = { ...first, 'upload-checksum': checksum('sha256', Buffer.from('x')) }
  t.match(await send('POST', '/api/uploads', wrong, bytes.subarray(0, 600)), { status: 460 })
  t.strictSame(await leftovers(service), left, 'of a refused creation nothing stays')
})

t.test('the length may come later, and not change then', async t => {
  const bytes = randomBytes(1000)
  const created = await send('POST', '/api/uploads', { 'upload-defer-length': '1' })
  const upload = created.headers.location!

  const first = await patch(upload, 0, bytes.subarray(0, 400))
  const open = await head(upload)
  const tooShort = await patch(upload, 400, undefined, { 'upload-length': '399' })
  const second = await patch(upload, 400, bytes.subarray(400, 700), { 'upload-length': '1000' })
  const closed = await head(upload)
  const changed = await patch(upload, 700, bytes.subarray(700), { 'upload-length': '1001' })
  const last = await patch(upload, 700, bytes.subarray(700), { 'upload-length': '1000' })

  t.match(created, { status: 201, headers: { 'upload-defer-length': '1' }, body: { length: null } })
  t.match([first.status, second.status, last.status], [204, 204, 204])
  t.match(open.headers, { 'upload-defer-length': '1', 'upload-offset': '400' })
  t.equal(open.headers['upload-length'], undefined)
  t.match(closed.headers, { 'upload-length': '1000', 'upload-offset': '700' })
  t.equal(closed.headers['upload-defer-length'], undefined)
  for (const { status, body } of [tooShort, changed]) {
    t.match([status, body], [400, { code: 'INVALID_REQUEST', errors: [{ field: 'Upload-Length' }] }])
  }
  t.match((await get(upload)).body, { sha256: sha256(bytes), video_id: /./ })

  const late = (await send('POST', '/api/uploads', { 'upload-defer-length': '1' })).headers.location!
  await patch(late, 0, bytes)
  t.match(await patch(late, 1000, undefined, { 'upload-length': '1000' }), { status: 204 }, 'after the last byte')
  t.match((await get(late)).body, { sha256: sha256(bytes), video_id: /./ })
})

t.test('bytes with a wrong checksum are not kept, and the right ones go on', async t => {
  const bytes = randomBytes(300_000)
  const upload = await create(bytes.length)
  for (const algorithm of ['sha1', 'sha256', 'sha512', 'md5']) {
    const at = (await get(upload)).body.offset
    const piece = bytes.subarray(at, at + 70_000)

    const wrong = await patch(upload, at, randomBytes(70_000), { 'upload-checksum': checksum(algorithm, piece) })
    const stayed = await head(upload)
    const right = await patch(upload, at, piece, { 'upload-checksum': checksum(algorithm, piece) })

    t.match(wrong, { status: 460, body: { code: 'UPLOAD_CHECKSUM', title: 'Checksum Mismatch' } }, algorithm)
    t.equal(stayed.headers['upload-offset'], String(at))
    t.match(right, { status: 204, headers: { 'upload-offset': String(at + 70_000) } })
  }
  await patch(upload, 280_000, bytes.subarray(280_000))
  t.match((await get(upload)).body, { sha256: sha256(bytes), video_id: /./ })

  const other = await create(10)
  for (const wrong of ['crc32 AAAA', 'sha1', 'sha1 !', 'sha1 AAAA AAAA', '']) {
    const { status, body } = await patch(other, 0, Buffer.alloc(10), { 'upload-checksum': wrong })
    t.match([status, body], [400, { errors: [{ field: 'Upload-Checksum' }] }], wrong)
  }
  t.match((await head(other)).headers, { 'upload-offset': '0' })
})

t.test('an upload that is given up is gone', async t => {
  const before = await leftovers(service)
  const upload = await create(1000)
  await patch(upload, 0, randomBytes(500))

  t.match(await send('DELETE', upload), { status: 204, headers: tus })
  for (const method of ['HEAD', 'GET', 'DELETE']) t.match(await send(method, upload), { status: 404 }, method)
  t.match(await patch(upload, 500, randomBytes(500)), { status: 404, body: { code: 'UPLOAD_NOT_FOUND' } })
  t.strictSame(await leftovers(service), before)

  const whole = await create(3)
  await patch(whole, 0, Buffer.from('abc'))
  t.match(await send('DELETE', whole), { status: 409, body: { code: 'UPLOAD_FINISHED' } })
  await service.delete(`/api/videos/${whole.split('/').at(-1)}`)
  t.match(await get(whole), { status: 404 }, 'an upload goes with its film')
})

t.test('what is wrong is refused with a precise error, before a byte is written', async t => {
  const before = await leftovers(service)
  const MiB = 1024 ** 2
  const bytes = Buffer.alloc(1000)
  const upload = await create(1000)
  const cases: Case[] = [
    [
      'no version',
      412,
      'TUS_VERSION',
      () => send('POST', '/api/uploads', { 'upload-length': '1', 'tus-resumable': '' })
    ],
    ['an old version', 412, 'TUS_VERSION', () => patch(upload, 0, bytes, { 'tus-resumable': '0.2.2' })],
    ['an old version of DELETE', 412, 'TUS_VERSION', () => send('DELETE', upload, { 'tus-resumable': '0.2.2' })],
    ['no length', 400, 'INVALID_REQUEST', () => send('POST', '/api/uploads')],
    [
      'two lengths',
      400,
      'INVALID_REQUEST',
      () => send('POST', '/api/uploads', { 'upload-length': '1', 'upload-defer-length': '1' })
    ],
    ['a strange deferral', 400, 'INVALID_REQUEST', () => send('POST', '/api/uploads', { 'upload-defer-length': '2' })],
    ...['-1', '1.5', 'x', '9'.repeat(17), '0x10', ''].map(
      length =>
        [
          `the length "${length}"`,
          400,
          'INVALID_REQUEST',
          () => send('POST', '/api/uploads', { 'upload-length': length })
        ] as const
    ),
    ['an empty file', 400, 'UPLOAD_EMPTY', () => send('POST', '/api/uploads', { 'upload-length': '0' })],
    [
      'too large a file',
      413,
      'UPLOAD_TOO_LARGE',
      () => send('POST', '/api/uploads', { 'upload-length': String(3 * MiB + 1) })
    ],
    ...['a', ',', 'a b c', 'a !!', 'a YQ==,a YQ==', 'a YQ==,,b YQ=='].map(
      value =>
        [
          `the metadata "${value}"`,
          value === 'a' ? 201 : 400,
          'INVALID_REQUEST',
          () => send('POST', '/api/uploads', { 'upload-length': '1', 'upload-metadata': value })
        ] as const
    ),
    [
      'a body of another type',
      415,
      'UPLOAD_NOT_OCTETS',
      () => send('POST', '/api/uploads', { 'upload-length': '1000', 'content-type': 'video/mp4' }, bytes)
    ],
    ['JSON', 415, 'UPLOAD_NOT_OCTETS', () => patch(upload, 0, bytes, { 'content-type': 'application/json' })],
    ['no offset', 400, 'INVALID_REQUEST', () => send('PATCH', upload, octets, bytes)],
    ['a strange offset', 400, 'INVALID_REQUEST', () => patch(upload, -1, bytes)],
    ['another offset', 409, 'UPLOAD_OFFSET', () => patch(upload, 1, bytes)],
    ['too many bytes', 413, 'UPLOAD_OVERLONG', () => patch(upload, 0, Buffer.alloc(1001))],
    ['a compressed body', 415, 'UNSUPPORTED_ENCODING', () => patch(upload, 0, bytes, { 'content-encoding': 'gzip' })],
    [
      'an unknown upload',
      404,
      'UPLOAD_NOT_FOUND',
      () => patch('/api/uploads/01980000-0000-7000-8000-000000000000', 0, bytes)
    ],
    ['a garbage id', 404, 'UPLOAD_NOT_FOUND', () => patch('/api/uploads/..%2f..%2fetc', 0, bytes)],
    ['a POST to an upload', 405, 'METHOD_NOT_ALLOWED', () => send('POST', upload)],
    ['a PUT', 405, 'METHOD_NOT_ALLOWED', () => send('PUT', upload)],
    ['a page of another site', 403, 'CROSS_SITE', () => patch(upload, 0, bytes, { origin: 'https://evil.example' })]
  ]

  for (const [what, status, code, ask] of cases) {
    const answer = await ask()
    t.equal(answer.status, status, what)
    if (status >= 400) t.match(answer.body, { status, code }, what)
  }
  t.match(await patch(upload, 7, bytes), { headers: { 'upload-offset': '0' } }, 'a wrong offset is told the right one')
  t.match(await patch(upload, 0, bytes, { 'tus-resumable': '2.0.0' }), { headers: { 'tus-version': '1.0.0' } })
  t.match(await send('HEAD', upload, { 'tus-resumable': '0.1' }), { status: 412 })
  t.match((await head(upload)).headers, { 'upload-offset': '0' })
  t.match(await leftovers(service), { ...before, uploads: before.uploads + 2 })
  t.equal((await patch(upload, 0, bytes)).status, 204)
  t.match(await patch(upload, 1000, bytes), { status: 413, body: { code: 'UPLOAD_OVERLONG' } }, 'a finished one')
})

t.test('a body of unknown length is cut where it becomes too long, and the offset stays true', async t => {
  const chunks = (count: number) =>
    new Blob([Buffer.alloc(count * 100_000, 'v')]).stream() as ReadableStream<Uint8Array>
  const upload = await create(1_000_000)

  const first = await patch(upload, 0, chunks(4))
  const beyond = await patch(upload, 400_000, chunks(10))
  const { body } = await get(upload)
  const rest = await patch(upload, body.offset, Buffer.alloc(1_000_000 - body.offset, 'v'))

  t.match(first, { status: 204, headers: { 'upload-offset': '400000' } })
  t.match(beyond, { status: 413, body: { code: 'UPLOAD_OVERLONG' } })
  t.ok(body.offset >= 400_000 && body.offset < 1_000_000)
  t.equal(rest.status, 204)
  t.match((await get(upload)).body, { sha256: sha256(Buffer.alloc(1_000_000, 'v')) })

  const endless = (await send('POST', '/api/uploads', { 'upload-defer-length': '1' })).headers.location!
  t.match(await patch(endless, 0, chunks(40)), { status: 413, body: { code: 'UPLOAD_TOO_LARGE' } })
  t.match(await head(endless), { status: 200 })
})

t.test('clients that can only send POST name the method in a header', async t => {
  const bytes = randomBytes(100)
  const upload = await create(100)
  const as = (method: string, headers = {}, body?: Buffer) =>
    send('POST', upload, { 'x-http-method-override': method, ...headers }, body)

  t.match(await as('PATCH', { ...octets, 'upload-offset': '0' }, bytes.subarray(0, 60)), { status: 204 })
  t.match(await as('head'), { status: 204, headers: { 'upload-offset': '60', 'upload-length': '100' } })
  t.match(await as('PATCH', { 'upload-offset': '60' }, bytes), { status: 415 })
  t.match(await as('PUT'), { status: 405 })
  t.match(await as('DELETE'), { status: 204 })
  t.match(await head(upload), { status: 404 })
})

t.test('a repeated creation under a key is the same upload', async t => {
  const named = { 'idempotency-key': 'holiday', 'upload-metadata': metadata({ filename: 'a.mp4' }) }
  const bytes = randomBytes(100)

  const first = await create(100, named)
  await patch(first, 0, bytes.subarray(0, 40))
  const again = await send('POST', '/api/uploads', { ...named, ...octets, 'upload-length': '100' }, bytes)
  const other = await send('POST', '/api/uploads', { ...named, 'upload-length': '101' })

  t.match(again, { status: 201, headers: { location: first, 'upload-offset': '40', 'idempotency-replayed': 'true' } })
  t.match(other, { status: 409, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
  await patch(first, 40, bytes.subarray(40))
  t.match((await get(first)).body, { sha256: sha256(bytes) })
})

t.test('names and keys of the metadata are data', async t => {
  const nameOf = async (header: string) => (await get(await create(1, { 'upload-metadata': header }))).body.filename

  t.equal(await nameOf(metadata({ filename: '../../etc/pass\u0000wd\n.mp4' })), 'passwd.mp4')
  t.equal(await nameOf(metadata({ name: 'of uppy.mp4' })), 'of uppy.mp4')
  t.equal(await nameOf(`filename ${Buffer.from([0xff, 0xfe]).toString('base64')}`), '\ufffd\ufffd')
  t.equal([...(await nameOf(metadata({ filename: 'x'.repeat(5_000) })))].length, 255)
  t.equal(await nameOf('filename'), 'video')

  const upload = await create(1, { 'upload-metadata': metadata({ video_id: 'mine', task_id: 'mine', a: '1' }) })
  await patch(upload, 0, Buffer.from('x'))
  const { video_id, task_id } = (await get(upload)).body
  t.equal((await head(upload)).headers['upload-metadata'], metadata({ a: '1', video_id, task_id }))
})
