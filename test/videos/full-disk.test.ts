import { rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { shoot } from '../harness/clip.ts'
import { leftovers, nothing } from '../harness/leftovers.ts'
import { openService } from '../harness/service.ts'
import { mountSmallDisk, withoutSmallDisk } from '../harness/small-disk.ts'
import { until } from '../harness/until.ts'

const MiB = 1024 ** 2

async function fill(disk: string) {
  for (let file = 0; ; file++) {
    try {
      await writeFile(path.join(disk, `ballast-${file}`), Buffer.alloc(4096))
    } catch {
      return
    }
  }
}

t.test('an upload without room on the disk is refused with its own code and leaves no file', async t => {
  const disk = await mountSmallDisk(t, 4)
  if (!disk) return t.pass(withoutSmallDisk, { skip: withoutSmallDisk })
  const service = await openService(t, { env: { DATA_DIR: disk } })

  const response = await service.upload([{ filename: 'large.mp4', content: Buffer.alloc(8 * MiB) }])

  t.equal(response.statusCode, 507)
  t.match(response.headers['content-type'], /^application\/problem\+json/)
  t.match(response.json(), { status: 507, code: 'STORAGE_FULL', title: 'Insufficient Storage' })
  t.strictSame(await leftovers(service), nothing)
  t.equal((await service.upload([{ filename: 'small.mp4', content: Buffer.alloc(MiB) }])).statusCode, 201)
})

t.test('a client that is still sending when the disk is full gets the answer', async t => {
  const disk = await mountSmallDisk(t, 4)
  if (!disk) return t.pass(withoutSmallDisk, { skip: withoutSmallDisk })
  const service = await openService(t, { env: { DATA_DIR: disk } })
  const body = new FormData()
  body.append('video', new Blob([Buffer.alloc(40 * MiB)]), 'large.mp4')

  const response = await fetch(`${await service.listen()}/upload/`, { method: 'POST', body })

  t.equal(response.status, 507)
  t.match(await response.json(), { code: 'STORAGE_FULL' })
  t.strictSame(await leftovers(service), nothing)
})

t.test('a disk without room for a single byte refuses too', async t => {
  const disk = await mountSmallDisk(t, 1)
  if (!disk) return t.pass(withoutSmallDisk, { skip: withoutSmallDisk })
  const service = await openService(t, { env: { DATA_DIR: disk } })
  await fill(disk)

  const response = await service.upload([{ filename: 'tiny.mp4', content: 'x' }])

  t.match(response.json(), { status: 507, code: 'STORAGE_FULL' })
  t.strictSame(await leftovers(service), nothing)
})

t.test('a database without room is reported as such', async t => {
  const service = await openService(t)
  await service.db.pool.query(`
    create function full_disk() returns trigger language plpgsql as $$
    begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
    create trigger full_disk before insert on darkroom.tasks for each row execute function full_disk()`)

  const responses = [
    await service.post('/api/tasks', { task: 'add', args: { x: 1, y: 2 } }),
    await service.upload([{ filename: 'a.mp4', content: 'film' }])
  ]

  for (const response of responses) t.match(response.json(), { status: 507, code: 'STORAGE_FULL' })
  t.strictSame(await leftovers(service), nothing)
})

t.test(
  'a film whose prints the disk has no room for is tried again later, uncounted, and leaves no half of a print',
  async t => {
    const disk = await mountSmallDisk(t, 2)
    if (!disk) return t.pass(withoutSmallDisk, { skip: withoutSmallDisk })
    const service = await openService(t, { env: { DATA_DIR: disk } })
    const { id, task_id } = await service.keep(await shoot({ size: '640x480', seconds: 1 }))
    await fill(disk)

    await service.startWorker()
    const tried = await service.until(task_id, ({ state }) => state === 'RETRY' || state === 'FAILURE')

    t.match(tried, {
      state: 'RETRY',
      error: { type: 'StorageFull', message: /^The store .* no space left; tried again in 30 s/ }
    })
    t.ok(Date.parse(tried.eta!) - Date.now() > 20_000, 'not at once')
    const { rows } = await service.db.pool.query('select failures, outages from darkroom.tasks where id = $1', [
      task_id
    ])
    t.strictSame(rows, [{ failures: 0, outages: 1 }])
    t.match((await service.get(`/api/tasks/${task_id}/attempts`)).json(), {
      items: [{ outcome: 'failure', error: { type: 'StorageFull' } }]
    })
    const left = async () => (await service.files()).filter(file => !file.startsWith('ballast')).join()
    await until(async () => (await left()) === `videos/${id}/original`, 'only the original is left')
  }
)

t.test('an unreachable store delays its films, and they are made once it is back', async t => {
  const service = await openService(t)
  const { id, task_id } = await service.keep('no film')
  const mark = path.join(service.dataDir, 'installation')
  const worker = await service.startWorker()
  await service.finished(task_id)
  await rename(path.join(service.dataDir, 'videos'), path.join(service.dataDir, 'elsewhere'))
  await rename(mark, `${mark}-elsewhere`)

  const again = (await service.post(`/api/videos/${id}/process`)).json().task_id
  const paused = await service.until(again, ({ state }) => state === 'RETRY')
  const asked = await service.get(`/api/videos/${id}/files/original`)
  await rename(path.join(service.dataDir, 'elsewhere'), path.join(service.dataDir, 'videos'))
  await rename(`${mark}-elsewhere`, mark)
  await service.db.pool.query(`update pgboss.job set start_after = now() where id = $1`, [again])
  await worker.stop(0)
  await service.startWorker()
  const task = await service.finished(again)

  t.match(paused, { error: { type: 'StorageUnavailable', message: /cannot be used/ } })
  t.notMatch(paused.error!.message, service.dataDir)
  t.match(asked.json(), { status: 503, code: 'STORAGE_UNAVAILABLE' })
  t.match(task, { state: 'FAILURE', error: { type: 'not_a_video' } })
  const { rows } = await service.db.pool.query('select failures, outages from darkroom.tasks where id = $1', [again])
  t.strictSame(rows, [{ failures: 1, outages: 1 }])
})
