import t from 'tap'
import { openForm } from '../harness/form.ts'
import { leftovers, nothing } from '../harness/leftovers.ts'
import { openLine } from '../harness/line.ts'
import { openService, type Service } from '../harness/service.ts'
import { until } from '../harness/until.ts'

const half = Buffer.alloc(512 * 1024, 'v')

/** The beginning of an upload's request, up to the first half of the file. */
function begin(path: string, { length }: { length?: number } = {}) {
  const { headers, head, tail } = openForm([{ filename: 'a.mp4', content: half }])
  const size = length === undefined ? 'transfer-encoding: chunked' : `content-length: ${length}`
  const start = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${headers['content-type']}\r\n${size}\r\n\r\n`
  return { start, head, tail }
}

function chunk(data: Buffer) {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
}

/** Waits until there are so many unfinished uploads, and returns all files. */
function untilHalf(service: Service, count: number) {
  const look = async () => {
    const left = await leftovers(service)
    return left.half_uploads.length === count && left
  }
  return until(look, `there are ${count} half uploads`)
}

t.test('a client that hangs up half way leaves no file, whatever length it announces', async t => {
  const service = await openService(t)
  const address = await service.listen()

  for (const path of ['/api/videos', '/upload/']) {
    for (const length of [10_000_000, undefined]) {
      const line = await openLine(t, address)
      const { start, head } = begin(path, { length })
      await line.send(start)
      await line.send(length === undefined ? chunk(head) : head)
      await untilHalf(service, 1)

      line.hangUp()

      t.strictSame(await untilHalf(service, 0), nothing)
    }
  }
  t.equal((await service.upload([{ filename: 'next.mp4', content: half }])).statusCode, 201, 'the next one is taken')
})

t.test('many clients that hang up at once leave no file, and the service stays up', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const lines = await Promise.all(Array.from({ length: 30 }, () => openLine(t, address)))
  await Promise.all(
    lines.map(async line => {
      const { start, head } = begin('/api/videos', { length: 10_000_000 })
      await line.send(start)
      await line.send(head)
    })
  )
  await untilHalf(service, 30)

  for (const line of lines) line.hangUp()

  t.strictSame(await untilHalf(service, 0), nothing)
  t.equal((await fetch(`${address}/health/live`)).status, 200)
})

t.test('a client that hangs up before the file, or right behind it, leaves no half upload', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const { start, head, tail } = begin('/api/videos', { length: 10_000_000 })

  const early = await openLine(t, address)
  await early.send(start + head.subarray(0, 20).toString())
  early.hangUp()
  const late = await openLine(t, address)
  await late.send(start)
  await late.send(Buffer.concat([head, tail]))
  await untilHalf(service, 1)
  late.hangUp()

  t.strictSame(await untilHalf(service, 0), nothing)
})

t.test('a client that hangs up is not logged as a failure of the service', async t => {
  const lines: { level: number; msg: string }[] = []
  const service = await openService(t, { hear: line => lines.push(line) })
  const address = await service.listen()
  const { start, head } = begin('/api/videos', { length: 10_000_000 })

  const upload = await openLine(t, address)
  await upload.send(start)
  await upload.send(head)
  await untilHalf(service, 1)
  upload.hangUp()
  await until(() => lines.some(({ msg }) => msg === 'the client hung up'), 'it is noted')
  const body = await openLine(t, address)
  await body.send(
    'POST /api/tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"task": '
  )
  body.hangUp()
  await until(() => lines.filter(({ msg }) => msg === 'the client hung up').length === 2, 'that is noted too')

  t.strictSame(
    lines.filter(({ level }) => level > 30),
    []
  )
})

t.test('a client whose form ends too early gets an answer that says what is wrong with it', async t => {
  const service = await openService(t)
  const line = await openLine(t, await service.listen())
  const { start, head } = begin('/api/videos')

  await line.send(start)
  await line.send(chunk(head))
  await line.send('0\r\n\r\n')
  const { status, body } = await line.answer()

  t.equal(status, 400)
  t.match(JSON.parse(body), { code: 'UPLOAD_BROKEN' })
  t.strictSame(await leftovers(service), nothing)
})

t.test('a client that announces too many bytes is refused at once and can still read the answer', async t => {
  const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '1 MiB' } })
  const line = await openLine(t, await service.listen())
  const { start, head } = begin('/api/videos', { length: 100_000_000 })

  await line.send(start)
  await line.send(head)
  const { status, headers, body } = await line.answer()

  t.equal(status, 413)
  t.match(headers['content-type'], /^application\/problem\+json/)
  t.match(JSON.parse(body), { status: 413, code: 'UPLOAD_TOO_LARGE' })
  t.strictSame(await leftovers(service), nothing)
})

t.test('a client whose first piece is too large gets the answer, whether or not it goes on', async t => {
  const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '1000' } })
  const address = await service.listen()
  const { headers, head } = openForm([{ filename: 'a.mp4', content: Buffer.alloc(40_000) }])
  const type = `content-type: ${headers['content-type']}`

  for (const length of ['transfer-encoding: chunked', 'content-length: 90000']) {
    const line = await openLine(t, address)
    const start = Buffer.from(`POST /api/videos HTTP/1.1\r\nhost: localhost\r\n${type}\r\n${length}\r\n\r\n`)
    await line.send(Buffer.concat([start, length.includes('chunked') ? chunk(head) : head]))
    const { status, body } = await line.answer()

    t.equal(status, 413)
    t.match(JSON.parse(body), { code: 'UPLOAD_TOO_LARGE' })
  }
  t.strictSame(await leftovers(service), nothing)
})

t.test('a client that sends too many bytes gets the answer while it is still sending', async t => {
  const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '1 MiB' } })
  const line = await openLine(t, await service.listen())
  const { start, head } = begin('/api/videos')
  await line.send(start)
  await line.send(chunk(head))

  let answered = false
  const answer = line.answer().finally(() => {
    answered = true
  })
  let sent = 0
  for (; !answered && sent < 200; sent++) await line.send(chunk(half))
  const { status, body } = await answer
  // Nor does it get a reset for what it sends before it has read that.
  for (let more = 0; more < 8; more++) await line.send(chunk(half))

  t.equal(status, 413)
  t.match(JSON.parse(body), { code: 'UPLOAD_TOO_LARGE' })
  t.ok(sent < 200, `after ${sent} pieces of half a MiB`)
  t.strictSame(await leftovers(service), nothing)
})

t.test('a client that reads only after it has sent too many bytes gets the answer', async t => {
  const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '1 MiB' } })
  const address = await service.listen()
  const body = new FormData()
  body.append('video', new Blob([Buffer.alloc(40 * 1024 * 1024)]), 'large.mp4')

  const response = await fetch(`${address}/api/videos`, { method: 'POST', body })

  t.equal(response.status, 413)
  t.match(await response.json(), { code: 'UPLOAD_TOO_LARGE' })
  t.strictSame(await leftovers(service), nothing)
})

t.test('after a refusal the same connection serves the next request', async t => {
  const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '1 MiB' } })
  const line = await openLine(t, await service.listen())
  const { start, head, tail } = begin('/api/videos')
  const large = Array.from({ length: 6 }, () => chunk(half))

  await line.send(start)
  await line.send(Buffer.concat([chunk(head), ...large, chunk(tail), Buffer.from('0\r\n\r\n')]))
  const refusal = await line.answer()
  await line.send('GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n')
  const next = await line.answer()

  t.equal(refusal.status, 413)
  t.equal(next.status, 200)
})

t.test('a slow client may send as many pieces as it likes', async t => {
  const service = await openService(t)
  const line = await openLine(t, await service.listen())
  const { start, head, tail } = begin('/api/videos')

  await line.send(start)
  for (const byte of head.subarray(0, 400)) await line.send(chunk(Buffer.from([byte])))
  await line.send(chunk(head.subarray(400)))
  for (const byte of tail) await line.send(chunk(Buffer.from([byte])))
  await line.send('0\r\n\r\n')
  const { status, body } = await line.answer()

  t.equal(status, 201)
  t.match(JSON.parse(body), { bytes: half.length })
})
