import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { connect } from '../../src/database/connect.ts'
import { DiskStore } from '../../src/storage/disk.ts'
import { pairWithStore } from '../../src/storage/installation.ts'
import { borrowDatabase } from '../harness/database.ts'
import { openService } from '../harness/service.ts'

async function openRoot(t: Test) {
  const root = await mkdtemp(path.join(tmpdir(), 'darkroom-storage-'))
  const store = new DiskStore(root)
  t.teardown(async () => {
    await store.close()
    await rm(root, { recursive: true, force: true })
  })
  return { root, store }
}

async function openDatabase(t: Test) {
  const db = connect(await borrowDatabase(t), { name: 'pairing', max: 4 })
  t.teardown(() => db.close())
  return db
}

const idIn = async (root: string) => (await readFile(path.join(root, 'installation'), 'utf8')).trim()

t.test('starts that race write one id, and every later one finds it', async t => {
  const db = await openDatabase(t)
  const { root, store } = await openRoot(t)

  await Promise.all(Array.from({ length: 4 }, () => pairWithStore(db, store)))
  await pairWithStore(db, store)

  const { rows } = await db.pool.query('select id, host, data_dir from darkroom.installation')
  t.strictSame(rows, [{ id: await idIn(root), host: hostname(), data_dir: root }])
})

t.test('the next start completes one that ended between file and row', async t => {
  const db = await openDatabase(t)
  const { root, store } = await openRoot(t)
  const id = '01980000-0000-7000-8000-000000000000'
  await writeFile(path.join(root, 'installation'), `${id}\n`)

  await pairWithStore(db, store)

  const { rows } = await db.pool.query('select id from darkroom.installation')
  t.strictSame(rows, [{ id }])
})

t.test('a worker with another DATA_DIR refuses to start, names both and touches no film', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('no film')
  const { root: empty } = await openRoot(t)
  const theirs = await openService(t)
  const ours = await idIn(service.dataDir)

  for (const [DATA_DIR, why] of [
    [empty, /has no file "installation".*mount its volume.*write [0-9a-f-]+ to the file/],
    [theirs.dataDir, /belongs to installation [0-9a-f-]+: set DATA_DIR or DATABASE_URL/]
  ] as const) {
    const error = await service.startWorker({ DATA_DIR }).catch(error => error)

    t.match(error.message, why)
    for (const part of [DATA_DIR, service.dataDir, ours, hostname()]) t.ok(error.message.includes(part), part)
    t.notMatch(error.message, new URL(service.url).password || 'postgres:')
  }
  t.match((await service.get(`/api/tasks/${task_id}`)).json(), { state: 'PENDING', attempts: 0 })
  t.match((await service.get(`/api/videos/${id}`)).json(), { status: 'uploaded' })

  await writeFile(path.join(empty, 'installation'), ours)
  await t.resolves(service.startWorker({ DATA_DIR: empty }), 'it may be told that this is the store')
})

t.test('a new database beside a store that holds films is refused: sweep would remove them', async t => {
  const service = await openService(t)
  await service.keep('no film')
  const db = await openDatabase(t)
  const store = new DiskStore(service.dataDir)
  t.teardown(() => store.close())

  await t.rejects(pairWithStore(db, store), { message: /holds films of installation .*is new and knows none of them/ })

  const { rows } = await db.pool.query('select id from darkroom.installation')
  t.strictSame(rows, [])
})

t.test('a restored database accepts the store that holds its films, and no empty one', async t => {
  const service = await openService(t)
  await service.keep('no film')
  const { root: empty, store: nothing } = await openRoot(t)
  const store = new DiskStore(service.dataDir)
  t.teardown(() => store.close())
  // As after a restore of only some tables.
  await service.db.pool.query('delete from darkroom.installation')

  await t.rejects(pairWithStore(service.db, nothing), { message: /has films, and DATA_DIR .* holds none/ })
  await pairWithStore(service.db, store)

  const { rows } = await service.db.pool.query('select id, data_dir from darkroom.installation')
  t.strictSame(rows, [{ id: await idIn(service.dataDir), data_dir: service.dataDir }])
  await t.rejects(pairWithStore(service.db, nothing), { message: new RegExp(empty) })
})

t.test('a damaged id is named, and a folder that cannot be made is too', async t => {
  const db = await openDatabase(t)
  const { root, store } = await openRoot(t)
  await writeFile(path.join(root, 'installation'), 'garbage')
  await t.rejects(pairWithStore(db, store), { message: /file "installation" in DATA_DIR .* holds no installation id/ })

  const below = new DiskStore(path.join(root, 'installation', 'x'))
  await t.rejects(pairWithStore(db, below), { message: /DATA_DIR .* cannot be written to/ })
})
