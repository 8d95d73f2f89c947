import t from 'tap'
import { openService } from '../harness/service.ts'
import { openEar, readEvents } from './clients.ts'

t.test('a server that stops tells all watchers, and does not wait for those that do not read', async t => {
  const service = await openService(t)
  const address = await service.listen()
  const id = await service.submit('add', { x: 1, y: 2 }, { countdown: 600 })
  const ears = await Promise.all(
    Array.from({ length: 50 }, (_, n) => openEar(t, address, n % 2 ? '/ws/tasks' : `/ws/tasks/${id}`))
  )
  const deaf = await openEar(t, address, '/ws/tasks')
  deaf.raw.pause()
  const readers = await Promise.all(
    Array.from({ length: 10 }, () => readEvents(t, `${address}/api/tasks/${id}/events`))
  )
  for (const reader of readers) await reader.heard(() => true)
  const headers = { accept: 'text/event-stream' }
  const logs = await Promise.all(Array.from({ length: 10 }, () => fetch(`${address}/api/tasks/${id}/log`, { headers })))

  const began = process.hrtime.bigint()
  await service.api.stop(600)
  const seconds = Number(process.hrtime.bigint() - began) / 1e9

  t.ok(seconds < 300, 'long before its patience was over')
  for (const { closed } of ears) t.match(await closed, { code: 1001 })
  for (const { ended } of readers) t.ok(await ended, 'the streams are whole')
  for (const log of logs) t.equal(await log.text(), 'retry: 2000\n\n', 'those of logs, too')
  deaf.raw.resume()
  await deaf.closed
  await t.rejects(openEar(t, address, '/ws/tasks'))
})
