import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import { type AppendOptions, ChecksumWrong, installationKey, NotStored, type Store } from '../../src/storage/store.ts'

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const later = () => new Date(Date.now() + 60_000)

/** The requirements on every store. Each test gets a store of its own, with nothing but an installation's id. */
export function holdToContract(t: Test, openEmpty: (t: Test) => Promise<Store>) {
  const test = (name: string, run: (t: Test, store: Store) => Promise<void>) =>
    t.test(name, async t => {
      const store = await openEmpty(t)
      await keep(store, installationKey, Buffer.from('id'))
      await run(t, store)
    })

  test('received bytes are stored once they are kept, and not before', async (t, store) => {
    const bytes = randomBytes(3_000_000)

    const received = await store.receive(
      'videos/one/original',
      Readable.from([bytes.subarray(0, 10), bytes.subarray(10)])
    )
    const before = await store.stat('videos/one/original')
    const half = await all(store.unfinished(later()))
    await received.keep()

    t.match(received, { bytes: bytes.length, sha256: sha256(bytes) })
    t.equal(before, undefined)
    t.equal(half.length, 1)
    t.match(await store.stat('videos/one/original'), { key: 'videos/one/original', bytes: bytes.length, changed: Date })
    t.ok(bytes.equals(await read(store, 'videos/one/original')))
    t.strictSame(await all(store.unfinished(later())), [])
    await received.drop()
    t.ok(bytes.equals(await read(store, 'videos/one/original')), 'what is kept cannot be dropped')
  })

  test('a dropped upload is gone, and may be dropped twice', async (t, store) => {
    const received = await store.receive('videos/one/original', Readable.from([Buffer.from('film')]))
    await received.drop()
    await received.drop()

    t.strictSame(await all(store.unfinished(later())), [])
    t.equal(await store.stat('videos/one/original'), undefined)
  })

  test('a stream without bytes can be received too', async (t, store) => {
    const received = await store.receive('videos/one/original', Readable.from([]))

    t.match(received, { bytes: 0, sha256: sha256(Buffer.alloc(0)) })
  })

  test('a stream that breaks leaves no file, however early', async (t, store) => {
    for (const sent of [0, 1, 100_000, 5_000_000]) {
      const stream = new PassThrough()
      const receiving = store.receive('videos/one/original', stream)
      if (sent > 0) stream.write(Buffer.alloc(sent))

      stream.destroy(new Error('the client is gone'))

      await t.rejects(receiving, { message: 'the client is gone' }, `after ${sent} bytes`)
      t.strictSame(await all(store.unfinished(later())), [], `after ${sent} bytes`)
    }
    await keep(store, 'videos/one/original', Buffer.from('next'))
    t.equal(String(await read(store, 'videos/one/original')), 'next')
  })

  test('uploads that are received side by side do not mix', async (t, store) => {
    const contents = Array.from({ length: 20 }, (_, index) => randomBytes(400_000 + index))

    const received = await Promise.all(
      contents.map((content, index) => store.receive(`videos/${index}/original`, Readable.from(piecesOf(content))))
    )
    await Promise.all(received.map(each => each.keep()))

    for (const [index, content] of contents.entries()) {
      t.equal(received[index]!.sha256, sha256(content))
      t.equal(sha256(await read(store, `videos/${index}/original`)), sha256(content))
    }
  })

  test('no content is ever overwritten', async (t, store) => {
    await keep(store, 'videos/one/original', Buffer.from('first'))
    const file = await aFile(t, 'second')

    await t.rejects(keep(store, 'videos/one/original', Buffer.from('second')))
    await t.rejects(store.put('videos/one/original', file))

    t.equal(String(await read(store, 'videos/one/original')), 'first')
  })

  test('a copy and its original are removed without each other, and overwrite nothing', async (t, store) => {
    for (const key of ['videos/one/prints/480p.mp4', 'videos/two/prints/480p.mp4']) {
      await keep(store, key, Buffer.from(key))
    }
    await store.copy('videos/one/prints/480p.mp4', 'videos/three/prints/480p.mp4')

    await t.rejects(store.copy('videos/two/prints/480p.mp4', 'videos/one/prints/480p.mp4'))
    await t.rejects(store.copy('videos/none/prints/480p.mp4', 'videos/four/prints/480p.mp4'), NotStored)
    await store.remove('videos/one')

    t.equal(String(await read(store, 'videos/three/prints/480p.mp4')), 'videos/one/prints/480p.mp4')
    t.equal(String(await read(store, 'videos/two/prints/480p.mp4')), 'videos/two/prints/480p.mp4')
    t.equal(await store.stat('videos/four/prints/480p.mp4'), undefined)
  })

  test('a content may arrive in several appends, and is stored once it is complete and kept', async (t, store) => {
    const bytes = randomBytes(300_000)
    const key = 'videos/one/original'

    const first = await append(store, key, bytes.subarray(0, 100_000), { name: 'a', follows: 'first' })
    const begun = await all(store.appended())
    const second = await append(store, key, bytes.subarray(100_000), { offset: 100_000, name: 'b', follows: 'a' })
    const before = await store.stat(key)
    const received = await store.complete(key, { bytes: second.offset, sha256: second.sha256 })
    await received.keep()

    t.strictSame(first, { offset: 100_000, sha256: sha256(bytes.subarray(0, 100_000)), error: undefined })
    t.match(begun, [{ key, bytes: 100_000, changed: Date }])
    t.strictSame(second, { offset: 300_000, sha256: sha256(bytes), error: undefined })
    t.equal(before, undefined)
    t.match(received, { bytes: bytes.length, sha256: sha256(bytes) })
    t.ok(bytes.equals(await read(store, key)))
    t.strictSame(await all(store.appended()), [])
  })

  test('bytes behind the offset are discarded, and the hash is that of the bytes that stay', async (t, store) => {
    const key = 'videos/one/original'
    await append(store, key, Buffer.from('first'), { name: 'a', follows: 'first' })
    await append(store, key, Buffer.from(' and wrong'), { offset: 5, name: 'b', follows: 'a' })

    const again = await append(store, key, Buffer.from(' right'), { offset: 5, name: 'c', follows: 'a' })
    const unknown = await append(store, key, Buffer.from('!'), { offset: 11, name: 'd', follows: 'another process' })
    const received = await store.complete(key, { bytes: 12, sha256: unknown.sha256 })
    await received.keep()

    t.equal(again.sha256, sha256(Buffer.from('first right')))
    t.equal(unknown.sha256, undefined)
    t.equal(received.sha256, sha256(Buffer.from('first right!')), 'read again')
    t.equal(String(await read(store, key)), 'first right!')
  })

  test('what was kept, but is not known to be a film, can be appended to again', async (t, store) => {
    const key = 'videos/one/original'
    await append(store, key, Buffer.from('film'), {})
    await (await store.complete(key, { bytes: 4, sha256: undefined })).keep()

    await append(store, key, Buffer.from('m and more'), { offset: 3 })
    await (await store.complete(key, { bytes: 13, sha256: undefined })).keep()

    t.equal(String(await read(store, key)), 'film and more')
  })

  test('an append that breaks keeps what has arrived, unless it has a checksum', async (t, store) => {
    const key = 'videos/one/original'
    const broken = new Error('the client is gone')
    const kept = new PassThrough()
    kept.write('film')
    const onWritten = () => kept.destroy(broken)
    t.strictSame(await appendFrom(store, key, kept, { onWritten }), { offset: 4, sha256: undefined, error: broken })

    const checksum = { algorithm: 'sha1', digest: 'AAAA' }
    await t.rejects(append(store, key, Buffer.from('x'), { offset: 4, checksum }), ChecksumWrong)
    const stream = new PassThrough().on('error', () => {})
    const checked = appendFrom(store, key, stream, { offset: 4, checksum })
    stream.destroy(broken)
    t.strictSame(await checked, { offset: 4, sha256: undefined, error: broken })
  })

  test('bytes that are not there are told from bytes that are', async (t, store) => {
    const key = 'videos/one/original'
    await t.rejects(append(store, key, Buffer.from('x'), { offset: 1 }), NotStored)
    await append(store, key, Buffer.from('x'), {})
    await t.rejects(append(store, key, Buffer.from('x'), { offset: 2 }), NotStored)
    await store.discard(key)
    await store.discard(key)
    t.strictSame(await all(store.appended()), [])
    await t.rejects(store.complete(key, { bytes: 1, sha256: undefined }), NotStored)
    await store.remove(installationKey)
    const error = await append(store, key, Buffer.from('x'), { offset: 1 }).catch(error => error)
    t.ok(store.isAway(error), 'a store that is away has lost nothing')
  })

  test('a writer whose right has ended writes nothing', async (t, store) => {
    const key = 'videos/one/original'
    const { error, offset } = await append(store, key, Buffer.from('late'), { seconds: -1 })

    t.match(error, { code: 'WRITE_LATE' })
    t.equal(offset, 0)
  })

  test("a workspace's file can be put, and is gone from there", async (t, store) => {
    const file = await aFile(t, 'print')

    await store.put('videos/one/prints-a/480p.mp4', file)

    t.equal(String(await read(store, 'videos/one/prints-a/480p.mp4')), 'print')
    await t.rejects(stat(file), { code: 'ENOENT' })
  })

  test('borrowed content is a local file', async (t, store) => {
    await keep(store, 'videos/one/original', Buffer.from('film'))

    const { path: file, release } = await store.borrow('videos/one/original')

    t.equal(await readFile(file, 'utf8'), 'film')
    await release()
    t.equal(String(await read(store, 'videos/one/original')), 'film', 'it stays in the store')
  })

  test('a range can be read', async (t, store) => {
    await keep(store, 'videos/one/original', Buffer.from('0123456789'))

    t.equal(String(await read(store, 'videos/one/original', { start: 0, end: 0 })), '0')
    t.equal(String(await read(store, 'videos/one/original', { start: 3, end: 6 })), '3456')
    t.equal(String(await read(store, 'videos/one/original', { start: 8, end: 9 })), '89')
  })

  test('a key without content is told from an unreachable store', async (t, store) => {
    t.equal(await store.stat('videos/none/original'), undefined)
    for (const ask of [store.open('videos/none/original'), store.borrow('videos/none/original')]) {
      const error = await ask.then(
        () => undefined,
        error => error
      )
      t.ok(error instanceof NotStored)
      t.notOk(store.isAway(error))
      t.notOk(store.isFull(error))
    }
    await store.remove(installationKey)
    const error = await store.borrow('videos/none/original').catch(error => error)
    t.ok(store.isAway(error), 'without the installation nothing says that this is the store')
    t.ok(store.isAway(await store.stat('videos/none/original').catch(error => error)))
  })

  test('all keys below a prefix are listed, with size and time', async (t, store) => {
    const keys = ['videos/a/original', 'videos/a/prints-1/480p.mp4', 'videos/b/original']
    for (const key of [...keys, 'videosx/c']) await keep(store, key, Buffer.from(key))

    const listed = await all(store.list('videos'))

    t.strictSame(listed.map(({ key }) => key).sort(), keys)
    for (const { key, bytes, changed } of listed) {
      t.equal(bytes, key.length)
      t.ok(changed instanceof Date)
    }
    t.strictSame(await all(store.list('videos/none')), [])
  })

  test('a key is removed, or everything below it', async (t, store) => {
    const keys = ['videos/a/original', 'videos/a/prints-1/480p.mp4', 'videos/a/prints-1/720p.mp4', 'videos/ab/original']
    for (const key of keys) await keep(store, key, Buffer.from('x'))

    await store.remove('videos/a/prints-1/480p.mp4')
    const one = await all(store.list('videos/a'))
    await store.remove('videos/a')
    await store.remove('videos/a')

    t.strictSame(one.map(({ key }) => key).sort(), ['videos/a/original', 'videos/a/prints-1/720p.mp4'])
    t.strictSame(
      (await all(store.list('videos'))).map(({ key }) => key),
      ['videos/ab/original']
    )
  })

  test('an unfinished upload is listed once it is old enough, and can be dropped', async (t, store) => {
    const { keep: keepIt } = await store.receive('videos/one/original', Readable.from([Buffer.from('film')]))

    t.strictSame(await all(store.unfinished(new Date(Date.now() - 60_000))), [])
    for (const upload of await all(store.unfinished(later()))) await upload.drop()

    t.strictSame(await all(store.unfinished(later())), [])
    await t.rejects(keepIt())
    t.equal(await store.stat('videos/one/original'), undefined)
  })
}

interface AppendHow extends Partial<AppendOptions> {
  /** The right to write ends after so many. */
  seconds?: number
}

function append(store: Store, key: string, content: Buffer, how: AppendHow) {
  return appendFrom(store, key, Readable.from(piecesOf(content)), how)
}

function appendFrom(store: Store, key: string, chunks: Readable, { seconds = 60, ...options }: AppendHow) {
  const deadline = new BigInt64Array(new SharedArrayBuffer(8))
  deadline[0] = process.hrtime.bigint() + BigInt(seconds) * 1_000_000_000n
  return store.append(key, chunks, {
    offset: 0,
    name: 'any',
    follows: undefined,
    checksum: undefined,
    deadline: deadline.buffer,
    async checkpoint() {},
    onWritten() {},
    ...options
  })
}

async function keep(store: Store, key: string, content: Buffer) {
  const received = await store.receive(key, Readable.from([content]))
  try {
    await received.keep()
  } finally {
    await received.drop()
  }
}

async function read(store: Store, key: string, range?: { start: number; end: number }) {
  return buffer(await store.open(key, range))
}

async function all<T>(items: AsyncIterable<T>) {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

function piecesOf(content: Buffer) {
  return Array.from({ length: Math.ceil(content.length / 9_999) }, (_, index) =>
    Buffer.from(content.subarray(index * 9_999, (index + 1) * 9_999))
  )
}

async function aFile(t: Test, content: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-work-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'print.mp4')
  await writeFile(file, content)
  return file
}
