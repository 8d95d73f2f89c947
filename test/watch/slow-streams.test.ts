import t from 'tap'
import { openService, type Service } from '../harness/service.ts'
import { until } from '../harness/until.ts'
import { readEvents } from './clients.ts'
import { openWatchers } from './watchers.ts'

const service = await openService(t)
const nobodyWatches = () => until(() => service.api.watching.count() === 0, 'no watcher is left')

/** A task with a history that fits into no buffer on the way. */
async function eventful({ submit, db }: Service, events: number) {
  const id = await submit('add', { x: 1, y: 2 }, { countdown: 600 })
  await db.pool.query(
    `insert into darkroom.events (task_id, state, error)
     select $1, 'RETRY', jsonb_build_object('type', 'Error', 'message', n || repeat('x', 10000))
     from generate_series(1, $2::int) n`,
    [id, events]
  )
  return id
}

t.test('a long history is sent to its end, in order, also to a client that reads in fits and starts', async t => {
  const address = await service.listen()
  const id = await eventful(service, 2_000)

  const reader = await readEvents(t, `${address}/api/tasks/${id}/events`, { 'last-event-id': '0' })
  for (let n = 0; n < 10; n++) {
    await reader.heard(() => reader.events.length >= n * 190)
    reader.pause()
    await new Promise(setImmediate)
    reader.resume()
  }
  await service.post(`/api/tasks/${id}/cancel`)

  t.ok(await reader.ended)
  const known = reader.events.filter(({ id }) => id !== undefined)
  t.equal(known.length, 2_002)
  t.ok(known.every(({ id }, index) => index === 0 || id! > known[index - 1]!.id!))
  t.match(known[1_999], { data: { error: { message: /^1999x/ } } })
  t.match(known[2_001], { data: { state: 'REVOKED' } })
  await nobodyWatches()
})

t.test('a client that reads nothing is disconnected, and no other waits for it', async t => {
  // Longer than what this process, which also is the fast client, may be held up by other test files.
  const { address } = await openWatchers(t, service, { streams: { patience: 2_000 } })
  const id = await eventful(service, 2_000)
  const url = `${address}/api/tasks/${id}/events`

  const slow = await readEvents(t, url, { 'last-event-id': '0' })
  slow.pause()
  const fast = await readEvents(t, url, { 'last-event-id': '0' })
  await fast.heard(() => fast.events.length >= 2_001)
  await until(() => service.api.watching.count() === 1, 'the slow one is gone')
  slow.resume()

  t.notOk(await slow.ended, 'it broke off')
  t.ok(slow.events.length < 2_001)
  fast.close()
  await nobodyWatches()
})

t.test('a quiet stream sends heartbeats', async t => {
  const { address } = await openWatchers(t, service, { streams: { quiet: 50 } })
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })

  const reader = await readEvents(t, `${address}/api/tasks/${id}/events`)

  await until(() => reader.text().split('\n:\n\n').length > 3, 'three comments have come')
  t.equal(reader.events.length, 1)
  reader.close()
  await nobodyWatches()
})
