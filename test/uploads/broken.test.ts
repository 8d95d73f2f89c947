import { randomBytes } from 'node:crypto'
import { rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { leftovers } from '../harness/leftovers.ts'
import { type Line, openLine } from '../harness/line.ts'
import { openService, type Service } from '../harness/service.ts'
import { mountSmallDisk, withoutSmallDisk } from '../harness/small-disk.ts'
import { checksum, sha256, tusClient } from '../harness/tus.ts'
import { until } from '../harness/until.ts'

const MiB = 1024 ** 2
const service = await openService(t, { worker: true })
const address = await service.listen()
const { send, create, patch, head, get } = tusClient(address)

const partOf = (upload: string, { dataDir } = service) =>
  path.join(dataDir, 'uploads', `videos~${upload.split('/').at(-1)}~original`)

/** Sends the head of a PATCH and some of its bytes, and waits until they are in the file. */
async function begin(line: Line, upload: string, { offset = 0, length, bytes, more = '', on = service }: Begin) {
  await line.send(headOf(upload, { offset, length, more }))
  await line.send(bytes)
  const arrived = async () => (await stat(partOf(upload, on)).catch(() => undefined))?.size === offset + bytes.length
  await until(arrived, 'the bytes are in the file')
}

function headOf(upload: string, { offset = 0, length, more = '' }: Head) {
  return (
    `PATCH ${upload} HTTP/1.1\r\nhost: localhost\r\ntus-resumable: 1.0.0\r\nupload-offset: ${offset}\r\n${more}` +
    `content-type: application/offset+octet-stream\r\ncontent-length: ${length}\r\n\r\n`
  )
}

interface Head {
  offset?: number
  length: number
  more?: string
}

interface Begin extends Head {
  bytes: Buffer
  on?: Service
}

const isAt = (upload: string, offset: number) => async () => (await get(upload)).body.offset === offset

t.test('what has arrived of a request that breaks off is kept, and the rest goes on', async t => {
  const bytes = randomBytes(5 * MiB)
  const upload = await create(bytes.length)
  const line = await openLine(t, address)

  await begin(line, upload, { length: bytes.length, bytes: bytes.subarray(0, 2 * MiB) })
  line.hangUp()
  await until(isAt(upload, 2 * MiB), 'the offset is that of the bytes')
  const last = await patch(upload, 2 * MiB, bytes.subarray(2 * MiB))

  t.equal(last.status, 204)
  t.match((await get(upload)).body, { sha256: sha256(bytes), video_id: /./ })
})

t.test('with a checksum nothing is kept of it', async t => {
  const bytes = randomBytes(MiB)
  const upload = await create(bytes.length)
  const line = await openLine(t, address)
  const more = `upload-checksum: ${checksum('sha1', bytes)}\r\n`

  await begin(line, upload, { length: bytes.length, bytes: bytes.subarray(0, 1000), more })
  line.hangUp()
  const free = async () =>
    (await patch(upload, 0, bytes, { 'upload-checksum': checksum('sha1', bytes) })).status === 204
  await until(free, 'another request may write')

  t.match((await get(upload)).body, { sha256: sha256(bytes) })
})

t.test('one request writes at a time; the second one is told to wait', async t => {
  const bytes = randomBytes(MiB)
  const upload = await create(bytes.length)
  const line = await openLine(t, address)
  await begin(line, upload, { length: bytes.length, bytes: bytes.subarray(0, 1000) })

  const others = await Promise.all([0, 0, 1000].map(offset => patch(upload, offset, randomBytes(MiB / 2))))
  await line.send(bytes.subarray(1000))
  const answer = await line.answer()

  for (const { status, body, headers } of others) {
    t.match([status, body.code], [423, 'UPLOAD_LOCKED'])
    t.match(headers['retry-after'], /^([1-9]|10)$/)
  }
  t.equal(answer.status, 204)
  t.match((await get(upload)).body, { sha256: sha256(bytes) })
})

t.test('many writers at once never mix their bytes', async t => {
  const contents = Array.from({ length: 8 }, () => randomBytes(MiB))
  const upload = await create(MiB)

  const answers = await Promise.all(contents.map(bytes => patch(upload, 0, bytes)))

  const winners = answers.flatMap(({ status }, index) => (status === 204 ? [sha256(contents[index]!)] : []))
  t.strictSame(winners, [(await get(upload)).body.sha256])
  for (const { status } of answers) t.ok([204, 409, 423, 413].includes(status), String(status))
  t.equal((await leftovers(service)).parts.length, 0)
})

t.test('an upload that is given up while a request writes it is gone, and so are its bytes', async t => {
  const upload = await create(MiB)
  const line = await openLine(t, address)
  await begin(line, upload, { length: MiB, bytes: Buffer.alloc(1000) })

  const removed = await send('DELETE', upload)
  await line.send(Buffer.alloc(MiB - 1000))
  const { status, body } = await line.answer()

  t.equal(removed.status, 204)
  t.match([status, JSON.parse(body).code], [404, 'UPLOAD_NOT_FOUND'])
  t.match(await head(upload), { status: 404 })
  t.match(await leftovers(service), { parts: [] })
})

t.test('a slow upload goes on; one that stands still ends with 408 and keeps what has arrived', async t => {
  const on = await openService(t, { limits: { uploadBytes: 1_000, uploadWindow: 300, interval: 50 } })
  const address = await on.listen()
  const { create, head } = tusClient(address)
  const bytes = randomBytes(30_000)
  const upload = await create(2 * bytes.length)
  const slow = await openLine(t, address)
  await slow.send(headOf(upload, { length: bytes.length }))
  for (let at = 0; at < bytes.length; at += 600) {
    await slow.send(bytes.subarray(at, at + 600))
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  const answer = await slow.answer()
  const still = await openLine(t, address)
  await begin(still, upload, { offset: 30_000, length: 30_000, bytes: bytes.subarray(0, 5_000), on })

  const late = await still.answer()

  t.equal(answer.status, 204)
  t.match([late.status, JSON.parse(late.body).code], [408, 'REQUEST_TIMEOUT'])
  t.match((await head(upload)).headers, { 'upload-offset': '35000' })
})

t.test('a lease whose process has died ends by itself', async t => {
  const bytes = randomBytes(MiB)
  const upload = await create(bytes.length)
  await patch(upload, 0, bytes.subarray(0, 1000))
  const lease = (until: string) =>
    service.db.pool.query(
      `update darkroom.uploads set lease = gen_random_uuid(), leased_until = now() + $2::interval where id = $1`,
      [upload.split('/').at(-1), until]
    )
  await lease('10 seconds')
  t.match(await patch(upload, 1000, bytes.subarray(1000)), { status: 423 })
  // What the dead one has left behind the offset.
  await writeFile(partOf(upload), randomBytes(5000), { flag: 'a' })
  await lease('-1 seconds')

  t.match(await patch(upload, 1000, bytes.subarray(1000)), { status: 204 })
  t.match((await get(upload)).body, { sha256: sha256(bytes) })
})

t.test('rows that cannot be written cost no byte', async t => {
  const bytes = randomBytes(300_000)
  const upload = await create(bytes.length)
  await patch(upload, 0, bytes.subarray(0, 100_000))
  await service.db.pool.query(`
    create function full_disk() returns trigger language plpgsql as $$
    begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
    create trigger full_disk before insert on darkroom.tasks for each row execute function full_disk()`)

  const refused = await patch(upload, 100_000, bytes.subarray(100_000))
  const { body } = await get(upload)
  await service.db.pool.query('drop trigger full_disk on darkroom.tasks')
  const swept = await service.finished(await service.submit('sweep'))
  const accepted = await patch(upload, body.offset, bytes.subarray(body.offset))

  t.match(refused, { status: 507, body: { code: 'STORAGE_FULL' } })
  t.match(body, { offset: 100_000, video_id: null })
  t.match(swept.state, 'SUCCESS')
  t.equal(accepted.status, 204)
  t.match((await get(upload)).body, { sha256: sha256(bytes) })
})

t.test('bytes that the store has lost are sent again', async t => {
  const bytes = randomBytes(3000)
  const upload = await create(bytes.length)
  await patch(upload, 0, bytes.subarray(0, 1000))
  await rm(partOf(upload))

  const refused = await patch(upload, 1000, bytes.subarray(1000))
  const accepted = await patch(upload, 0, bytes)

  t.match(refused, { status: 409, headers: { 'upload-offset': '0' }, body: { code: 'UPLOAD_OFFSET' } })
  t.equal(accepted.status, 204)
  t.match((await get(upload)).body, { sha256: sha256(bytes) })
})

t.test('what was given up expires, with its bytes, and nothing else does', async t => {
  const { pool } = service.db
  const before = await leftovers(service)
  const [young, old, busy, done] = await Promise.all([create(10), create(10), create(10), create(1)])
  for (const upload of [young, old, busy]) await patch(upload, 0, Buffer.from('12345'))
  await patch(done, 0, Buffer.from('x'))
  const { video_id } = (await get(done)).body
  const ids = [old, busy, done].map(upload => upload.split('/').at(-1))
  await pool.query(`update darkroom.uploads set expires_at = now() - interval '1 second' where id = any($1)`, [ids])
  await pool.query(`update darkroom.uploads set lease = id, leased_until = now() + interval '1 hour' where id = $1`, [
    ids[1]
  ])
  const orphan = partOf('/01980000-0000-7000-8000-000000000000')
  const fresh = partOf('/01980000-0000-7000-8000-000000000001')
  for (const file of [orphan, fresh]) await writeFile(file, 'x')
  const anHourAgo = Date.now() / 1000 - 3601
  for (const file of [orphan, partOf(young), partOf(busy)]) await utimes(file, anHourAgo, anHourAgo)

  const answers = await Promise.all([head(old), get(old), patch(old, 5, Buffer.from('67890'))])
  const { result } = await service.finished(await service.submit('expire_uploads'))

  for (const { status } of answers) t.equal(status, 410)
  t.match(answers[2].body, { code: 'UPLOAD_EXPIRED' })
  t.strictSame(result, { uploads: 1, parts: 1 })
  t.match([await head(old), await head(done)], [{ status: 404 }, { status: 404 }])
  t.equal((await service.get(`/api/videos/${video_id}`)).statusCode, 200, 'a film stays')
  t.match(await head(young), { status: 200, headers: { 'upload-offset': '5' } })
  t.strictSame(
    (await leftovers(service)).parts.toSorted(),
    [
      ...before.parts,
      ...[young, busy, '/01980000-0000-7000-8000-000000000001'].map(each => path.basename(partOf(each)))
    ].toSorted()
  )
  t.match(await patch(young, 5, Buffer.from('67890')), { status: 204 })
})

t.test('a disk that fills is a clear answer, and the upload goes on when there is space', async t => {
  const disk = await mountSmallDisk(t, 4)
  if (!disk) return t.pass(withoutSmallDisk, { skip: withoutSmallDisk })
  const small: Service = await openService(t, { env: { DATA_DIR: disk } })
  const client = tusClient(await small.listen())
  const ballast = path.join(disk, 'ballast')
  await writeFile(ballast, Buffer.alloc(2 * MiB))
  const bytes = randomBytes(3 * MiB)
  const upload = await client.create(bytes.length)

  const full = await client.patch(upload, 0, bytes)
  const { offset } = (await client.get(upload)).body
  const again = await client.patch(upload, offset, bytes.subarray(offset))
  await rm(ballast)
  const { body } = await client.get(upload)
  const last = await client.patch(upload, body.offset, bytes.subarray(body.offset))

  for (const { status, body } of [full, again]) t.match([status, body.code], [507, 'STORAGE_FULL'])
  t.ok(offset > 0 && offset < bytes.length, `it is at ${offset}`)
  t.ok(body.offset >= offset)
  t.equal(last.status, 204)
  t.match((await client.get(upload)).body, { sha256: sha256(bytes), video_id: /./ })
})

t.test('a stop of the API keeps what has arrived', async t => {
  const stopped = await openService(t)
  const address = await stopped.listen()
  const upload = await tusClient(address).create(1000)
  await begin(await openLine(t, address), upload, { length: 1000, bytes: Buffer.from('0123456789'), on: stopped })

  await stopped.api.stop(0)

  const next = await openService(t, { env: { DATABASE_URL: stopped.url, DATA_DIR: stopped.dataDir } })
  t.match((await next.get(upload)).json(), { offset: 10 })
  const { rows } = await next.db.pool.query('select lease from darkroom.uploads')
  t.strictSame(rows, [{ lease: null }])
})
