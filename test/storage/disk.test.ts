import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { isFull, openStorage } from '../../src/storage/disk.ts'

async function open(t: Test) {
  const root = await mkdtemp(path.join(tmpdir(), 'darkroom-storage-'))
  const storage = await openStorage(root)
  t.teardown(async () => {
    await storage.close()
    await rm(root, { recursive: true, force: true })
  })
  const half = () => readdir(path.join(root, 'incoming'))
  return { root, storage, half }
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

t.test('what is received has no name until it is kept', async t => {
  const { storage, half } = await open(t)
  const bytes = randomBytes(3_000_000)

  const received = await storage.receive(Readable.from([bytes.subarray(0, 10), bytes.subarray(10)]))
  const before = await half()
  await received.keep('videos/one/original')

  t.match(received, { bytes: bytes.length, sha256: sha256(bytes) })
  t.equal(before.length, 1)
  t.strictSame(await half(), [])
  t.ok(bytes.equals(await readFile(storage.locate('videos/one/original'))))
  await received.drop()
  t.ok(bytes.equals(await readFile(storage.locate('videos/one/original'))), 'what is kept cannot be dropped')
})

t.test('what is dropped is gone, and may be dropped twice', async t => {
  const { storage, half } = await open(t)

  const received = await storage.receive(Readable.from([Buffer.from('film')]))
  await received.drop()
  await received.drop()

  t.strictSame(await half(), [])
})

t.test('nothing at all can be received too', async t => {
  const { storage } = await open(t)

  const received = await storage.receive(Readable.from([]))

  t.match(received, { bytes: 0, sha256: sha256(Buffer.alloc(0)) })
})

t.test('a stream that breaks leaves nothing, however early it does', async t => {
  for (const sent of [0, 1, 100_000, 5_000_000]) {
    // The first upload of a process is the one that finds nothing prepared.
    const { storage, half } = await open(t)
    const stream = new PassThrough()
    const receiving = storage.receive(stream)
    if (sent > 0) stream.write(Buffer.alloc(sent))

    stream.destroy(new Error('the client is gone'))

    await t.rejects(receiving, { message: 'the client is gone' }, `after ${sent} bytes`)
    t.strictSame(await half(), [], `after ${sent} bytes`)
    const next = await storage.receive(Readable.from([Buffer.from('next')]))
    t.strictSame((await half()).length, 1, `after ${sent} bytes`)
    await next.drop()
  }
})

t.test('a place that cannot be written to is an error with its code, and the next upload works', async t => {
  const { root, storage } = await open(t)
  await rm(path.join(root, 'incoming'), { recursive: true })

  await t.rejects(storage.receive(Readable.from([Buffer.alloc(5_000_000)])), { code: 'ENOENT' })

  await storage.createFolder('incoming')
  t.match(await storage.receive(Readable.from([Buffer.from('film')])), { bytes: 4 })
})

t.test('files that are received side by side do not mix', async t => {
  const { storage } = await open(t)
  const contents = Array.from({ length: 20 }, (_, index) => randomBytes(200_000 + index))

  const received = await Promise.all(
    contents.map(content =>
      storage.receive(
        Readable.from(
          content
            .toString('hex')
            .match(/.{1,9999}/g)!
            .map(Buffer.from)
        )
      )
    )
  )

  for (const [index, { bytes, sha256: hash }] of received.entries()) {
    const sent = Buffer.from(contents[index]!.toString('hex'))
    t.match({ bytes, hash }, { bytes: sent.length, hash: sha256(sent) })
  }
})

t.test('a finished folder takes the place of what was there by its name', async t => {
  const { storage } = await open(t)
  await storage.createFolder('videos/one/prints')
  await writeFile(storage.locate('videos/one/prints/old.mp4'), 'old')
  const work = await storage.createFolder('videos/one/work')
  await writeFile(path.join(work, 'new.mp4'), 'new')

  await storage.publish('videos/one/work', 'videos/one/prints')

  t.strictSame(
    (await storage.list('videos/one')).map(({ name }) => name),
    ['prints']
  )
  t.strictSame(
    (await storage.list('videos/one/prints')).map(({ name }) => name),
    ['new.mp4']
  )
})

t.test('what is not there has no entries, and removing it is no trouble', async t => {
  const { storage } = await open(t)

  t.strictSame(await storage.list('videos/none'), [])
  await t.resolves(storage.remove('videos/none'))
})

t.test('an entry says when it was last written to', async t => {
  const { storage } = await open(t)
  await storage.createFolder('videos/one')

  const [entry] = await storage.list('videos')

  t.match(entry, { name: 'one', changed: Date })
})

t.test('no key leaves the folder of the data', async t => {
  const { root, storage } = await open(t)

  for (const key of ['..', '../other', 'videos/../../other', '', '.', '/..', `../${path.basename(root)}-beside/x`]) {
    t.throws(() => storage.locate(key), { message: /leaves the storage/ }, key)
  }
  t.equal(storage.locate('/etc/passwd'), path.join(root, 'etc/passwd'), 'a key is never absolute')
})

t.test('a full disk is told from a broken one', async t => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG', '53100']) t.ok(isFull(Object.assign(new Error('x'), { code })), code)
  for (const other of [new Error('x'), Object.assign(new Error('x'), { code: 'EIO' }), null, undefined, 'ENOSPC']) {
    t.notOk(isFull(other), String(other))
  }
})
