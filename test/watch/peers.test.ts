import { once } from 'node:events'
import t from 'tap'
import { openService } from '../harness/service.ts'
import { until } from '../harness/until.ts'
import { type Ear, openEar } from './clients.ts'
import { openWatchers } from './watchers.ts'

t.test('a misbehaving client', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
  const nobodyWatches = () => until(() => service.api.watching.count() === 0, 'no watcher is left')

  t.test('may send a few messages, which are ignored', async t => {
    const ear = await openEar(t, address, `/ws/tasks/${id}`)
    for (const word of ['', 'hello', '{"subscribe":"*"}', '\0', 'x'.repeat(4_096)]) ear.raw.send(word)
    ear.raw.ping('are you there?')
    await once(ear.raw, 'pong')

    await service.post(`/api/tasks/${await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })}/cancel`)

    t.equal(ear.raw.readyState, 1)
    t.equal((await ear.heard(() => true)).task_id, id)
    ear.raw.close()
    await ear.closed
  })

  const frame = (first: number, payload: Buffer) =>
    Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload])
  const ways: Record<string, [(raw: any) => void, number]> = {
    'sends binary': [raw => raw.send(Buffer.from([0, 1, 2])), 1008],
    'sends more than a little': [raw => raw.send('x'.repeat(4_097)), 1009],
    'sends a megabyte': [raw => raw.send('x'.repeat(1024 * 1024)), 1009],
    'sends much in small pieces': [
      raw => {
        for (let n = 0; n < 100; n++) raw.send('x'.repeat(100), { fin: false })
      },
      1009
    ],
    'never stops talking': [raw => Array.from({ length: 1_000 }, () => raw.send('hello')), 1008],
    'never stops pinging': [raw => raw.on('pong', () => raw.ping()).ping(), 1008],
    'pings without waiting': [raw => Array.from({ length: 1_000 }, () => raw.ping()), 1008],
    'sends what is no text': [raw => raw._socket.write(frame(0x81, Buffer.from([0xff, 0xfe]))), 1007],
    'sends a frame that does not exist': [raw => raw._socket.write(frame(0x8b, Buffer.from('x'))), 1002],
    'sends noise': [raw => raw._socket.write(Buffer.alloc(10_000, 0xa5)), 1002],
    'promises an exabyte': [
      raw => raw._socket.write(Buffer.from([0x81, 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0])),
      1009
    ],
    'speaks HTTP again': [raw => raw._socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'), 1002]
  }
  for (const [what, [misbehave, code]] of Object.entries(ways)) {
    t.test(`and ${what} is closed`, async t => {
      const all = await openEar(t, address, '/ws/tasks')
      const one = await openEar(t, address, `/ws/tasks/${id}`)

      misbehave(one.raw)
      misbehave(all.raw)

      t.match(await one.closed, { code })
      t.match(await all.closed, { code })
      await nobodyWatches()
    })
  }

  t.test('does not disturb other watchers', async t => {
    const good = await openEar(t, address, `/ws/tasks/${id}`)
    await good.heard(() => true)

    await service.post(`/api/tasks/${id}/cancel`)

    t.match(await good.closed, { code: 1000 })
    t.match(good.messages.at(-1), { state: 'REVOKED' })
  })
})

t.test('a reader', async t => {
  const service = await openService(t, { worker: true })
  const nobodyWatches = () => until(() => service.api.watching.count() === 0, 'no watcher is left')
  const id = await service.submit('process_data', { data: 'x'.repeat(900_000) })
  await service.finished(id)
  let changes = 0

  /** A megabyte for each watcher, which the fast one gets before more is sent. */
  async function tellMuch(fast: Ear) {
    const progress = ++changes / 1_000
    await service.db.pool.query('update darkroom.tasks set progress = $2 where id = $1', [id, progress])
    service.api.watching.hear(id)
    await fast.heard(message => message.progress === progress)
  }

  t.test('that is slow is closed with 1013, and delays no other', async t => {
    const { address } = await openWatchers(t, service, { sockets: { patience: 60_000 } })
    const fast = await openEar(t, address, '/ws/tasks')
    const slow = await openEar(t, address, '/ws/tasks')
    slow.raw.pause()

    // More than the buffers of the system and ours for a connection.
    for (let n = 0; n < 30; n++) await tellMuch(fast)
    slow.raw.resume()

    t.match(await slow.closed, { code: 1013 })
    t.ok(slow.messages.length < 30, 'what was held for it was bounded')
    t.strictSame(
      slow.messages.map(({ progress }) => progress),
      fast.messages.slice(0, slow.messages.length).map(({ progress }) => progress),
      'and nothing of it is missing'
    )
    await tellMuch(fast)
    fast.raw.close()
    await nobodyWatches()
  })

  t.test('that never reads again is disconnected', async t => {
    const { address, connections } = await openWatchers(t, service, { sockets: { backlog: 1_000, patience: 100 } })
    const slow = await openEar(t, address, '/ws/tasks')
    const fast = await openEar(t, address, '/ws/tasks')
    slow.raw.pause()

    for (let n = 0; n < 30; n++) await tellMuch(fast)

    await until(async () => (await connections()) === 1, 'one connection is left')
    t.equal(fast.raw.readyState, 1)
    fast.raw.close()
    await nobodyWatches()
  })

  t.test('that is dead is detected by its silence, a live one stays', async t => {
    const { address } = await openWatchers(t, service, { sockets: { pulse: 100 } })
    const alive = await openEar(t, address, '/ws/tasks')
    const dead = await openEar(t, address, '/ws/tasks', { autoPong: false })

    t.match(await dead.closed, { code: 1006 })
    for (let n = 0; n < 3; n++) await once(alive.raw, 'ping')
    t.equal(alive.raw.readyState, 1)
    alive.raw.close()
    await nobodyWatches()
  })
})
