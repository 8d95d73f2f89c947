import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { DiskStore } from '../../src/storage/disk.ts'
import { isAway, isFull } from '../../src/storage/outage.ts'
import { workspacesIn } from '../../src/storage/workspace.ts'
import { holdToContract } from './contract.ts'

async function openRoot(t: Test) {
  const root = await mkdtemp(path.join(tmpdir(), 'darkroom-storage-'))
  const store = new DiskStore(root)
  t.teardown(async () => {
    await store.close()
    await rm(root, { recursive: true, force: true })
  })
  await store.prepare()
  return { root, store }
}

const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8)

t.test('the disk store', async t => holdToContract(t, async t => (await openRoot(t)).store))

t.test('an incoming folder that is gone is an error with its code, and the next upload works', async t => {
  const { root, store } = await openRoot(t)
  await rm(path.join(root, 'incoming'), { recursive: true })

  await t.rejects(store.receive('videos/a/original', Readable.from([Buffer.alloc(5_000_000)])), { code: 'ENOENT' })

  await store.prepare()
  t.match(await store.receive('videos/a/original', Readable.from([Buffer.from('film')])), { bytes: 4 })
})

t.test('only the account of the service may read films, whatever the umask', async t => {
  const { root, store } = await openRoot(t)
  const workspace = await workspacesIn(root).open('a-1')
  const print = path.join(workspace.path, '480p.mp4')
  await writeFile(print, 'print', { mode: 0o666 })

  const received = await store.receive('videos/a/original', Readable.from([Buffer.from('film')]))
  const [part] = await readdir(path.join(root, 'incoming'))
  t.equal(await modeOf(path.join(root, 'incoming', part!)), '600')
  await received.keep()
  await store.put('videos/a/prints-1/480p.mp4', print)

  for (const folder of ['incoming', 'uploads', 'videos', 'videos/a', 'videos/a/prints-1', 'work', 'work/a-1']) {
    t.equal(await modeOf(path.join(root, folder)), '700', folder)
  }
  for (const file of ['videos/a/original', 'videos/a/prints-1/480p.mp4']) {
    t.equal(await modeOf(path.join(root, file)), '600', file)
  }
})

t.test('removal leaves no empty folder', async t => {
  const { root, store } = await openRoot(t)
  for (const key of ['videos/a/original', 'videos/a/prints-1/480p.mp4']) {
    await (await store.receive(key, Readable.from([Buffer.from('x')]))).keep()
  }

  await store.remove('videos/a/prints-1/480p.mp4')
  t.strictSame(await readdir(path.join(root, 'videos/a')), ['original'])
  await store.remove('videos/a/original')
  t.strictSame(await readdir(path.join(root, 'videos')), [])
})

t.test('no key leaves the folder of the data', async t => {
  const { root, store } = await openRoot(t)

  for (const key of ['..', '../other', 'videos/../../other', '', '.', '/..', `../${path.basename(root)}-beside/x`]) {
    await t.rejects(async () => store.stat(key), { message: /leaves the storage/ }, key)
    await t.rejects(async () => store.remove(key), { message: /leaves the storage/ }, key)
    await t.rejects(store.receive(key, Readable.from([])), { message: /leaves the storage/ }, key)
  }
  for (const name of ['..', 'a/b', '', '.']) {
    await t.rejects(workspacesIn(root).open(name), { message: /no name of a workspace/ }, name)
  }
})

t.test('a workspace is empty when it is opened, and removed as a whole', async t => {
  const { root } = await openRoot(t)
  const workspaces = workspacesIn(root)
  const first = await workspaces.open('a-1')
  await writeFile(path.join(first.path, 'half.mp4'), 'half')

  const again = await workspaces.open('a-1')
  t.strictSame(await readdir(again.path), [])
  t.match(await workspaces.list(), [{ name: 'a-1', changed: Date }])
  await again.remove()
  await again.remove()

  t.strictSame(await workspaces.list(), [])
  t.strictSame(await workspacesIn(path.join(root, 'none')).list(), [])
})

t.test('a full disk is told from a disk that fails, and both from any other error', async t => {
  const error = (code: string) => Object.assign(new Error('x'), { code })
  for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG', '53100']) {
    t.ok(isFull(error(code)), code)
    t.notOk(isAway(error(code)), code)
  }
  for (const code of ['EIO', 'EROFS', 'ESTALE', 'STORE_AWAY']) {
    t.ok(isAway(error(code)), code)
    t.notOk(isFull(error(code)), code)
  }
  for (const other of [new Error('x'), error('ENOENT'), null, undefined, 'ENOSPC']) {
    t.notOk(isFull(other), String(other))
    t.notOk(isAway(other), String(other))
  }
})
