import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { borrowDatabase } from '../harness/database.ts'
import { openLine } from '../harness/line.ts'
import { addressOf, startProgram } from '../harness/program.ts'
import { openService } from '../harness/service.ts'
import { sha256, tusClient } from '../harness/tus.ts'
import { until } from '../harness/until.ts'

const MiB = 1024 ** 2

// One that can be killed, and one in this process.
const DATABASE_URL = await borrowDatabase(t)
const first = await startProgram(t, 'api', { env: { DATABASE_URL } })
const one = await addressOf(first)
const other = await openService(t, { env: { DATABASE_URL, DATA_DIR: first.dataDir } })
const two = tusClient(await other.listen())

t.test('requests of an upload may go to any API', async t => {
  const mine = tusClient(one)
  const bytes = randomBytes(900_000)
  const upload = await mine.create(bytes.length)

  for (const [index, client] of [mine, two, mine, mine, two, two].entries()) {
    const piece = bytes.subarray(index * 150_000, (index + 1) * 150_000)
    t.equal((await client.patch(upload, index * 150_000, piece)).status, 204)
  }

  t.match((await mine.get(upload)).body, { sha256: sha256(bytes), video_id: /./ })
})

t.test('an API that is killed in the middle of an upload loses nothing; another one goes on', async t => {
  const bytes = randomBytes(72 * MiB)
  const upload = await tusClient(one).create(bytes.length)
  await tusClient(one).patch(upload, 0, bytes.subarray(0, MiB))
  const line = await openLine(t, one)
  await line.send(
    `PATCH ${upload} HTTP/1.1\r\nhost: localhost\r\ntus-resumable: 1.0.0\r\nupload-offset: ${MiB}\r\n` +
      `content-type: application/offset+octet-stream\r\ncontent-length: ${bytes.length - MiB}\r\n\r\n`
  )
  await line.send(bytes.subarray(MiB, 70 * MiB))
  const part = path.join(first.dataDir, 'uploads', `videos~${upload.split('/').at(-1)}~original`)
  await until(async () => (await stat(part)).size === 70 * MiB, 'the bytes are in the file')
  const offsetOf = async () => (await two.get(upload)).body.offset as number
  await until(async () => (await offsetOf()) >= 33 * MiB, 'the other API knows of a checkpoint')

  first.kill('SIGKILL')
  await first.exited
  const offset = await offsetOf()
  const locked = await two.patch(upload, offset, bytes.subarray(offset))
  // The dead process would hold its lease for up to ten seconds.
  const free = 'update darkroom.uploads set leased_until = now() where id = $1'
  const { rowCount } = await other.db.pool.query(free, [upload.split('/').at(-1)])
  const last = await two.patch(upload, offset, bytes.subarray(offset))

  t.match([locked.status, locked.body.code], [423, 'UPLOAD_LOCKED'])
  t.ok(offset <= 70 * MiB, 'what was not synced does not count')
  t.equal(rowCount, 1)
  t.equal(last.status, 204)
  t.match((await two.get(upload)).body, { sha256: sha256(bytes), video_id: /./, task_id: /./ })
})
