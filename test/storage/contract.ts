import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import { installationKey, NotStored, type Store } from '../../src/storage/store.ts'

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
