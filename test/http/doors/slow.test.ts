import t from 'tap'
import { form } from '../../harness/form.ts'
import { leftovers } from '../../harness/leftovers.ts'
import { type Line, openLine } from '../../harness/line.ts'
import { openService } from '../../harness/service.ts'
import { until } from '../../harness/until.ts'

// A thousandth of the production limits.
const limits = { headersTime: 200, bodyTime: 300, uploadBytes: 1_000, uploadWindow: 300, interval: 50 }
const service = await openService(t, { limits })
const address = await service.listen()

const film = form([{ filename: 'slow.mp4', content: Buffer.alloc(30_000, 'v') }])
const upload = `POST /api/videos HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${film.headers['content-type']}\r\ncontent-length: ${film.payload.length}\r\n\r\n`
const task = 'POST /api/tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n'

/** Sends a piece every few milliseconds, until an answer comes. */
async function drip(line: Line, bytes: string | Buffer, size: number, pause: number) {
  let answered = false
  const answer = line.answer().finally(() => {
    answered = true
  })
  for (let at = 0; at < bytes.length && !answered; at += size) {
    await line.send(Buffer.from(bytes).subarray(at, at + size))
    await new Promise(resolve => setTimeout(resolve, pause))
  }
  return answer
}

t.test('a client that sends too slowly gets a 408, for headers, a body or an upload', async t => {
  const body = `{"task": "add", "args": {"x": 1, "y": 2}}${' '.repeat(10_000)}`
  const cases: [what: string, first: string, bytes: string | Buffer][] = [
    ['headers', '', `GET /health/live HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(10_000)}`],
    ['a body of a known length', `${task}content-length: ${body.length}\r\n\r\n`, body],
    ['a body in chunks', `${task}transfer-encoding: chunked\r\n\r\n2710\r\n`, body],
    ['an upload', upload, film.payload]
  ]

  for (const [what, first, bytes] of cases) {
    const line = await openLine(t, address)
    await line.send(first)
    const { status, headers, body } = await drip(line, bytes, 1, 20)

    t.equal(status, 408, what)
    t.match(JSON.parse(body), { code: 'REQUEST_TIMEOUT' }, what)
    t.equal(headers.connection, 'close', what)
    t.match(headers['x-request-id'], /./, what)
    line.hangUp()
  }
  await until(async () => (await leftovers(service)).half_uploads.length === 0, 'what had come of a film is removed')
  t.match(await leftovers(service), { videos: 0 })
  t.strictSame((await service.get('/api/tasks?task=add')).json().items, [])
})

t.test('a body that never starts times out, and so does one that never ends', async t => {
  const silent = await openLine(t, address)
  await silent.send(`${task}content-length: 10\r\n\r\n`)
  const endless = await openLine(t, address)
  await endless.send(`${task}transfer-encoding: chunked\r\n\r\n`)
  const chunk = Buffer.from(`400\r\n${' '.repeat(1024)}\r\n`)

  const answers = [await silent.answer(), await drip(endless, Buffer.concat(Array(2_000).fill(chunk)), chunk.length, 5)]

  for (const { status } of answers) t.equal(status, 408)
})

t.test('an upload may take longer than that, if it is fast enough', async t => {
  const line = await openLine(t, address)
  await line.send(upload)

  const { status, body } = await drip(line, film.payload, 600, 20)

  t.equal(status, 201)
  t.match(JSON.parse(body), { bytes: 30_000 })
})
