import t from 'tap'
import { openService } from '../harness/service.ts'
import { taskFolder, taskModule } from '../harness/task-folder.ts'
import { until } from '../harness/until.ts'
import { readEvents, type Told } from './clients.ts'

const folder = await taskFolder(t, {
  'third.ts': taskModule('third', `if (attempt < 3) throw new Error('not yet ' + attempt); return 'there'`),
  'fail.ts': taskModule('fail', `throw new TypeError('no such luck')`, 'max_retries: 0'),
  'steps.ts': taskModule('steps', `progress(0.25); await delay(1200, undefined, { signal }); progress(0.5); return 1`),
  'shy.ts': taskModule('shy', 'await delay(60_000, undefined, { signal })')
})
const nobody = '01980000-0000-7000-8000-000000000000'
const idsOf = (events: Told[]) => events.flatMap(({ id }) => (id === undefined ? [] : [id]))
const statesOf = (events: Told[]) => events.filter(({ id }) => id !== undefined).map(({ data }) => data.state)
const isGrowing = (ids: number[]) => ids.every((id, index) => index === 0 || id > ids[index - 1]!)

t.test('events of a task', async t => {
  const service = await openService(t, { env: { TASKS_DIR: folder }, worker: true })
  const address = await service.listen()
  const urlOf = (id: string) => `${address}/api/tasks/${id}/events`
  const statusOf = async (id: string) => (await service.get(`/api/tasks/${id}/status`)).json()
  const nobodyWatches = () => until(() => service.api.watching.count() === 0, 'no watcher is left')
  const replay = async (id: string, after: number | string) => {
    const reader = await readEvents(t, urlOf(id), { 'last-event-id': String(after) })
    await reader.ended
    return reader.events
  }

  t.test("begin with the task's state, go on with each change and end with the last", async t => {
    const id = await service.submit('steps', {}, { countdown: 0.5 })

    const reader = await readEvents(t, urlOf(id))
    const whole = await reader.ended

    t.ok(whole)
    t.equal(reader.status, 200)
    t.match(reader.headers, {
      'content-type': /^text\/event-stream/,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no'
    })
    t.match(reader.text(), /^retry: \d+\n\n/)
    t.match(reader.events[0], {
      id: Number,
      data: { task_id: id, state: 'PENDING', status: 'SCHEDULED', result: null }
    })
    t.strictSame(statesOf(reader.events), ['PENDING', 'STARTED', 'SUCCESS'])
    t.ok(isGrowing(idsOf(reader.events)))
    const progress = reader.events.find(({ data }) => data.progress === 0.25)
    t.match(progress, { data: { state: 'STARTED' } })
    t.equal(progress?.id, undefined, 'progress is no event')
    t.strictSame(reader.events.at(-1)?.data, await statusOf(id))
    await nobodyWatches()
  })

  t.test('are replayed from any place without a gap or a repetition', async t => {
    const id = await service.submit('third')
    const live = await readEvents(t, `${urlOf(id)}?last_event_id=0`)
    await live.ended
    const final = await service.finished(id)

    const all = await replay(id, 0)

    t.strictSame(statesOf(all), ['PENDING', 'STARTED', 'RETRY', 'STARTED', 'RETRY', 'STARTED', 'SUCCESS'])
    t.strictSame(
      all.map(({ data }) => data.error?.message),
      [undefined, undefined, 'not yet 1', 'not yet 1', 'not yet 2', 'not yet 2', undefined]
    )
    t.ok(isGrowing(idsOf(all)))
    t.strictSame(live.events, all, 'a client that was connected got the same')
    t.match(all.at(-1), { data: { state: 'SUCCESS', status: 'COMPLETED', progress: 1, result: final.result } })
    for (const [index, event] of all.slice(0, -1).entries()) {
      t.strictSame(await replay(id, event.id!), all.slice(index + 1))
    }
  })

  t.test('tell a browser with all events not to reconnect', async t => {
    const id = await service.submit('add', { x: 1, y: 2 })
    await service.finished(id)
    const last = (await replay(id, 0)).at(-1)!.id!

    for (const place of [last, last + 1, '999999999999999999']) {
      const response = await service.get(`/api/tasks/${id}/events`, { 'last-event-id': String(place) })
      t.equal(response.statusCode, 204)
      t.equal(response.body, '')
    }
    const fresh = await readEvents(t, urlOf(id))
    await fresh.ended
    t.strictSame(fresh.events, [{ id: last, data: await statusOf(id) }])
  })

  t.test('go on where the connection broke, again and again, to the last event', async t => {
    const id = await service.submit('third', {}, { retry_delay: 0.1, retry_backoff: false })
    const heard: Told[] = []
    let place = 0

    while (heard.at(-1)?.data.state !== 'SUCCESS') {
      const reader = await readEvents(t, urlOf(id), { 'last-event-id': String(place) })
      const next = await reader.heard(({ id }) => id !== undefined)
      reader.close()
      heard.push(next)
      place = next.id!
    }

    t.strictSame(heard, await replay(id, 0))
    await nobodyWatches()
  })

  t.test('are sent to each of many clients at different places', async t => {
    const id = await service.submit('third', {}, { retry_delay: 0.1, retry_backoff: false })
    const readers = Array.from({ length: 40 }, (_, n) =>
      readEvents(t, urlOf(id), n % 4 ? { 'last-event-id': String(n % 3) } : {})
    )

    const told = await Promise.all(readers)
    await Promise.all(told.map(({ ended }) => ended))

    const all = await replay(id, 0)
    for (const { events } of told) {
      const known = events.filter(({ id }) => id !== undefined)
      t.strictSame(idsOf(known), idsOf(all.slice(all.length - known.length)))
      t.match(known.at(-1), { data: { state: 'SUCCESS' } })
    }
  })

  t.test('miss no change, whenever in the life of a task they begin', async t => {
    const streams = Array.from({ length: 150 }, async (_, n) => {
      const id = await service.submit('add', { x: n, y: 1 })
      const reader = await readEvents(t, urlOf(id), n % 2 ? { 'last-event-id': '0' } : {})
      t.ok(await reader.ended)
      return { n, id, ids: idsOf(reader.events.filter(({ id }) => id !== undefined)), last: reader.events.at(-1) }
    })

    for (const { n, id, ids, last } of await Promise.all(streams)) {
      t.match(last, { id: Number, data: { state: 'SUCCESS', result: n + 1 } })
      // Three of them, or more: a busy worker gives tasks back that it has claimed ahead.
      const { rows } = await service.db.pool.query('select id from darkroom.events where task_id = $1 order by id', [
        id
      ])
      const all = rows.map(({ id }) => Number(id))
      t.strictSame(ids, n % 2 ? all : all.slice(-ids.length))
    }
    await nobodyWatches()
  })

  t.test('go on after a final state if the task was retried', async t => {
    const id = await service.submit('fail')
    await service.finished(id)
    const first = await replay(id, 0)
    await service.post(`/api/tasks/${id}/retry`)
    await service.finished(id)

    const all = await replay(id, 0)
    const rest = await replay(id, first.at(-1)!.id!)

    t.strictSame(statesOf(all), ['PENDING', 'STARTED', 'FAILURE', 'PENDING', 'STARTED', 'FAILURE'])
    t.strictSame(rest, all.slice(3))
    t.strictSame(idsOf(first), idsOf(all.slice(0, 3)))
    t.match(all.at(-1), { data: { error: { type: 'TypeError', message: 'no such luck' } } })
  })

  t.test('have no result that has expired', async t => {
    const id = await service.submit('add', { x: 20, y: 22 })
    await service.finished(id)
    await service.db.pool.query(`update pgboss.job set completed_on = completed_on - interval '2 days' where id = $1`, [
      id
    ])

    const last = (await replay(id, 0)).at(-1)

    t.match(last, { data: { state: 'SUCCESS', result: null, error: { type: 'expired' } } })
  })

  t.test('are no longer watched after their client has gone', async t => {
    const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })

    for (let n = 0; n < 20; n++) {
      const reader = await readEvents(t, urlOf(id), n % 2 ? { 'last-event-id': '0' } : {})
      if (n % 3) await reader.heard(() => true)
      reader.close()
    }

    await nobodyWatches()
  })

  t.test('can be asked for by their headers alone', async t => {
    const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })

    const response = await fetch(urlOf(id), { method: 'HEAD' })

    t.equal(response.status, 200)
    t.match(response.headers.get('content-type'), /^text\/event-stream/)
    await nobodyWatches()
  })

  for (const place of ['abc', '-1', '1.5', '99999999999999999999', 'NaN', '0x1', '1,2', '1 or 1=1']) {
    t.test(`are refused from an invalid place: ${place}`, async t => {
      const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })

      const byHeader = await service.get(`/api/tasks/${id}/events`, { 'last-event-id': place })
      const byQuery = await service.get(`/api/tasks/${id}/events?last_event_id=${place}`)

      t.match([byHeader.statusCode, byQuery.statusCode], [400, 400])
      t.match(byHeader.json(), { code: 'INVALID_REQUEST', errors: [{ field: 'last-event-id' }] })
      t.match(byQuery.json(), { code: 'INVALID_REQUEST', errors: [{ field: 'last_event_id' }] })
    })
  }

  t.test('are sent from the beginning to a client with an empty Last-Event-ID', async t => {
    const id = await service.submit('add', { x: 1, y: 2 })
    await service.finished(id)

    const reader = await readEvents(t, urlOf(id), { 'last-event-id': '' })

    await reader.ended
    t.match(reader.events, [{ id: Number, data: { state: 'SUCCESS', result: 3 } }])
    const elsewhere = await readEvents(t, `${urlOf(id)}?last_event_id=0`, { 'last-event-id': '' })
    await elsewhere.ended
    t.match(elsewhere.events, [{ data: { state: 'PENDING' } }, {}, { data: { state: 'SUCCESS' } }])
  })

  t.test('are refused for an unknown task, and for an invalid query', async t => {
    for (const id of [nobody, 'garbage', '%00', "'%20or%201=1--"]) {
      const response = await service.get(`/api/tasks/${id}/events`, { 'last-event-id': '0' })
      t.equal(response.statusCode, 404, id)
      t.match(response.headers['content-type'], /^application\/problem\+json/)
      t.match(response.json(), { code: 'TASK_NOT_FOUND' })
    }
    t.equal((await service.get(`/api/tasks/${nobody}/events?colour=red`)).statusCode, 400)
    await nobodyWatches()
  })

  t.test('after an id that does not exist yet new events are sent', async t => {
    const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
    const reader = await readEvents(t, urlOf(id), { 'last-event-id': '999999999' })
    await until(() => service.api.watching.count() === 1, 'the reader is there')

    await service.post(`/api/tasks/${id}/cancel`)

    await reader.ended
    t.match(reader.events, [{ id: Number, data: { state: 'REVOKED' } }])
  })
})
