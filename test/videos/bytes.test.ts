import { createHash, randomBytes, randomInt } from 'node:crypto'
import t from 'tap'
import { openForm } from '../harness/form.ts'
import { leftovers, nothing } from '../harness/leftovers.ts'
import { openLine } from '../harness/line.ts'
import { openService } from '../harness/service.ts'

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

t.test('the stored bytes are those of the upload, however the network cuts them', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const boundaryLike = Buffer.from('\r\n--\r\n----darkroom\r\n-----\r\n\r\n')

  await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const noise = Array.from({ length: 30 }, () => [randomBytes(randomInt(1, 60_000)), boundaryLike]).flat()
      const content = Buffer.concat(index % 3 === 0 ? [Buffer.alloc(2_000_000)] : noise)
      const { headers, head, tail } = openForm([{ filename: 'a.mp4', content }])
      const body = Buffer.concat([head, tail])
      const line = await openLine(t, address)
      await line.send(
        `POST /api/videos HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${headers['content-type']}\r\ncontent-length: ${body.length}\r\n\r\n`
      )

      for (let from = 0; from < body.length; ) {
        const to = from + (index % 4 === 0 ? 65_536 : randomInt(1, 150_000))
        await line.send(body.subarray(from, to))
        from = to
      }
      const { status, body: answer } = await line.answer()

      t.equal(status, 201)
      t.match(JSON.parse(answer), { bytes: content.length, sha256: sha256(content) })
      const { id } = JSON.parse(answer)
      const served = await service.get(`/api/videos/${id}/files/original`)
      t.ok(content.equals(served.rawPayload), 'and are served so')
    })
  )
})

t.test('the first upload of a service can be refused like any other', async t => {
  for (let count = 0; count < 5; count++) {
    const service = await openService(t, { env: { MAX_UPLOAD_BYTES: '3000' } })

    const response = await service.upload([{ filename: 'a.mp4', content: Buffer.alloc(3_001) }])

    t.equal(response.statusCode, 413)
    t.strictSame(await leftovers(service), nothing)
  }
})

t.test('an upload is never held in memory', async t => {
  const service = await openService(t)
  const line = await openLine(t, await service.listen())
  const { headers, head, tail } = openForm([{ filename: 'a.mp4', content: '' }])
  const piece = Buffer.alloc(1024 * 1024)
  const pieces = 256
  const length = head.length + pieces * piece.length + tail.length
  await line.send(
    `POST /api/videos HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${headers['content-type']}\r\ncontent-length: ${length}\r\n\r\n`
  )
  const before = process.memoryUsage().rss

  await line.send(head)
  let most = 0
  for (let sent = 0; sent < pieces; sent++) {
    await line.send(piece)
    most = Math.max(most, process.memoryUsage().rss)
  }
  await line.send(tail)
  const { status, body } = await line.answer()

  t.equal(status, 201)
  t.match(JSON.parse(body), { bytes: pieces * piece.length })
  const grown = (most - before) / 1024 ** 2
  t.ok(grown < 128, `256 MiB cost ${Math.round(grown)} MiB`)
})
