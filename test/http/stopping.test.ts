import pg from 'pg'
import t from 'tap'
import { openForm } from '../harness/form.ts'
import { leftovers } from '../harness/leftovers.ts'
import { openLine } from '../harness/line.ts'
import { waitingForLocks } from '../harness/locks.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'

t.test('a running request is answered to its end when the service stops', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const idle = await openLine(t, address)
  await idle.send('GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await idle.answer()
  // A lock on the table, so that a request for it waits.
  const holder = new pg.Client({ connectionString: service.url })
  await holder.connect()
  await holder.query('begin; lock table darkroom.videos in access exclusive mode')
  const busy = await openLine(t, address)
  await busy.send('GET /api/videos HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await waitingForLocks(service, 'the request waits')

  const stopped = service.api.stop(30)
  await idle.closed
  await holder.query('commit')
  await holder.end()
  const answer = await busy.answer()

  t.match(answer, { status: 200, headers: { connection: 'close' }, body: /^{"items":\[\],"next_cursor":null,/ })
  await stopped
  await t.rejects(fetch(`${address}/health/live`), 'nothing listens any more')
})

t.test('a running download comes to its end when the service stops, and its connection is closed', async t => {
  const service = await openService(t)
  const { id } = await service.keep(Buffer.alloc(30_000_000, 'v'))
  const line = await openLine(t, await service.listen())
  const begun = line.pauseAtFirstBytes()
  await line.send(`GET /api/videos/${id}/files/original HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  await begun

  const stopped = service.api.stop(30)
  line.resume()
  const { status, body } = await line.answer()
  await stopped

  t.equal(status, 200)
  t.equal(body.length, 30_000_000)
  await line.closed
})

t.test('an upload that ends within the grace period is kept, and a new request is refused', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const { headers, head, tail } = openForm([{ filename: 'a.mp4', content: Buffer.alloc(100_000) }])
  const upload = await openLine(t, address)
  await upload.send(
    `POST /api/videos HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${headers['content-type']}\r\ncontent-length: ${head.length + tail.length}\r\n\r\n`
  )
  await upload.send(head)
  await until(async () => (await leftovers(service)).half_uploads.length === 1, 'the upload has begun')
  const other = await openLine(t, address)
  const get = 'GET /health/live HTTP/1.1\r\nhost: localhost\r\n'
  // Half a request, so that its connection is not idle at the stop.
  await other.send(get)
  await service.get('/health/live')

  const stopped = service.api.stop(60)
  await other.send('\r\n')
  const refused = await other.answer().catch(() => undefined)
  await upload.send(tail)
  const { status } = await upload.answer()
  await stopped

  t.equal(status, 201)
  if (refused) {
    t.match(refused, { status: 503, headers: { connection: 'close', 'retry-after': /\d/ }, body: /"STOPPING"/ })
  }
})

t.test('a request that takes longer than the stop is cut, and leaves no file', async t => {
  const lines: any[] = []
  const service = await openService(t, { hear: line => lines.push(line) })
  const address = await service.listen()
  const { headers, head } = openForm([{ filename: 'a.mp4', content: Buffer.alloc(500_000) }])
  const upload = await openLine(t, address)
  await upload.send(
    `POST /api/videos HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${headers['content-type']}\r\ncontent-length: 9999999\r\n\r\n`
  )
  await upload.send(head)
  await until(async () => (await leftovers(service)).half_uploads.length === 1, 'the upload has begun')
  const id = await service.submit('process_data', { data: 'x' })
  const waiter = await openLine(t, address)
  await waiter.send(`GET /api/tasks/${id}?wait=60 HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  const before = await leftovers(service)

  const patient = service.api.stop(60)
  await service.api.stop(0)
  await patient
  const left = await service.files()
  const answer = await upload.answer()
  await Promise.all([upload.closed, waiter.closed])

  t.match(before, { videos: 0, half_uploads: [/part$/] })
  t.match(
    answer,
    { status: 503, headers: { connection: 'close' }, body: /"STOPPING"/ },
    'the client hears whose fault it was'
  )
  t.strictSame(left, [], 'the half upload is gone before the service is')
  await t.rejects(fetch(`${address}/health/live`), 'nothing listens any more')
  // The stop answers the waiting request.
  await until(() => lines.some(({ msg }) => msg === 'the API cut this request to stop'), 'the log says who cut it')
  // The waiting request may have been answered before.
  const cut = /^the API cut (a request|2 requests) that had not finished in 0 s$/
  t.ok(lines.some(({ level, msg }) => level === 40 && cut.test(msg)))
  t.notOk(lines.some(({ msg }) => msg === 'the client hung up'))
})
