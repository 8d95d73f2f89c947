import { randomUUID } from 'node:crypto'
import pg from 'pg'
import t from 'tap'
import { borrowDatabase } from '../harness/database.ts'
import { openProxy } from '../harness/proxy.ts'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'
import { openEar, readEvents } from './clients.ts'

t.test('watchers miss no change although every connection to the database breaks again and again', async t => {
  const service = await openService(t, { worker: true })
  const address = await service.listen()
  const admin = new pg.Client({ connectionString: service.url })
  await admin.connect()
  t.teardown(() => admin.end())
  const all = await openEar(t, address, '/ws/tasks')
  await until(() => service.api.watching.count() > 0, 'a watcher is there')

  for (let round = 0; round < 5; round++) {
    const ids = await Promise.all([0.1, 0.2, 0.4].map(seconds => service.submit('sleep', { seconds })))
    const ears = await Promise.all(ids.map(id => openEar(t, address, `/ws/tasks/${id}`)))
    const readers = await Promise.all(ids.map(id => readEvents(t, `${address}/api/tasks/${id}/events?last_event_id=0`)))
    await ears[0]!.heard(() => true)
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`
    )

    for (const [index, id] of ids.entries()) {
      t.match(await ears[index]!.closed, { code: 1000 })
      t.match(ears[index]!.messages.at(-1), { task_id: id, state: 'SUCCESS' })
      t.ok(await readers[index]!.ended)
      const known = readers[index]!.events.filter(event => event.id !== undefined)
      const { rows } = await admin.query('select id::int, state from darkroom.events where task_id = $1 order by id', [
        id
      ])
      t.strictSame(
        known.map(event => ({ id: event.id, state: event.data.state })),
        rows
      )
      await all.heard(({ task_id, state }) => task_id === id && state === 'SUCCESS')
    }
  }
  all.raw.close()
  await until(() => service.api.watching.count() === 0, 'no watcher is left')
})

t.test("changes during an API's lost LISTEN connection are sent after its reconnect", async t => {
  const url = await borrowDatabase(t)
  const proxy = await openProxy(t, url)
  const deaf = await openService(t, { env: { DATABASE_URL: proxy.url } })
  const address = await deaf.listen()
  const other = await openService(t, { env: { DATABASE_URL: url, DATA_DIR: deaf.dataDir }, worker: true })
  const all = await openEar(t, address, '/ws/tasks')
  const before = await other.submit('add', { x: 0, y: 0 })
  const isDone = (id: string) => (message: { task_id: string; state: string }) =>
    message.task_id === id && message.state === 'SUCCESS'
  await all.heard(isDone(before))
  const waiting = await other.submit('add', { x: 1, y: 1 }, { countdown: 1 })
  const one = await openEar(t, address, `/ws/tasks/${waiting}`)
  const reader = await readEvents(t, `${address}/api/tasks/${waiting}/events`)
  await Promise.all([one.heard(() => true), reader.heard(() => true)])

  proxy.cut()
  const missed = await Promise.all(Array.from({ length: 20 }, (_, x) => other.submit('add', { x, y: 1 })))
  for (const id of [...missed, waiting]) await other.finished(id)
  const late = await openEar(t, address, `/ws/tasks/${missed[0]}`)
  proxy.restore()

  for (const id of missed) await all.heard(isDone(id))
  t.match(await one.closed, { code: 1000 })
  t.match(one.messages.at(-1), { state: 'SUCCESS', result: 2 })
  t.ok(await reader.ended)
  t.strictSame(
    reader.events.flatMap(({ id, data }) => (id === undefined ? [] : [data.state])),
    ['PENDING', 'STARTED', 'SUCCESS']
  )
  t.match(await late.closed, { code: 1000 })
  t.equal(all.messages.filter(isDone(before)).length, 1, 'what was told before is not told again')
})

t.test('more changes than can be kept close the sockets of the watchers of all, and no others', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
  const all = await openEar(t, address, '/ws/tasks')
  const one = await openEar(t, address, `/ws/tasks/${id}`)
  await one.heard(() => true)
  const holder = new pg.Client({ connectionString: service.url })
  await holder.connect()
  await holder.query('begin; lock table darkroom.tasks in access exclusive mode')

  for (let n = 0; n < 1_010; n++) service.api.watching.hear(Array.from({ length: 100 }, () => randomUUID()).join())
  t.match(await all.closed, { code: 1013 })
  await holder.query('commit')
  await holder.end()
  await service.post(`/api/tasks/${id}/cancel`)

  t.match(await one.closed, { code: 1000 })
  t.match(one.messages.at(-1), { state: 'REVOKED' })
})

t.test('when a search for missed changes takes too long, watchers of all tasks are told to reconnect', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
  const all = await openEar(t, address, '/ws/tasks')
  const one = await openEar(t, address, `/ws/tasks/${id}`)
  await one.heard(() => true)
  await until(() => service.api.watching.count() === 2, 'both are watched')
  const holder = new pg.Client({ connectionString: service.url })
  await holder.connect()
  const marked = `select from pg_stat_activity
    where datname = current_database() and state = 'idle' and query like '%as mark%'`
  await until(async () => (await holder.query(marked)).rowCount, 'the API knows the latest event')
  await holder.query('begin; lock table darkroom.events in access exclusive mode')

  const search = `select pid from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%distinct task_id%'`
  let over = false
  void all.closed.then(() => {
    over = true
  })
  await until(async () => {
    service.api.watching.lookAgain()
    return over || (await holder.query(search)).rowCount
  }, 'the search waits')
  // As its timeout would, and has by now on a busy machine.
  await holder.query(`select pg_cancel_backend(pid) from (${search}) waiting`)

  t.match(await all.closed, { code: 1013 })
  await holder.query('rollback')
  await holder.end()
  await service.post(`/api/tasks/${id}/cancel`)
  t.match(await one.closed, { code: 1000 })
})
