import t from 'tap'
import { roomForUpkeep } from '../../src/runner/intake/rooms.ts'
import { openService } from '../harness/service.ts'

t.test('an operator acts at once on a worker whose slots are all taken', async t => {
  const service = await openService(t, { worker: true })
  const ids = []
  for (let n = 0; n < 12; n++) ids.push(await service.submit('sleep', { seconds: 3600 }, { tags: ['long'] }))
  for (const id of ids.slice(0, 2)) await service.until(id, ({ state }) => state === 'STARTED')

  const filter = { tag: 'long', status: 'PENDING' }
  const cancelled = (await service.post('/api/bulk-operations', { action: 'cancel', filter })).json()
  t.match(await service.finished(cancelled.task_id), { state: 'SUCCESS', result: { done: 10 } })
  t.match(await service.finished(await service.submit('expire_keys')), { state: 'SUCCESS' }, 'house-keeping too')
  for (const id of ids.slice(0, 2)) t.match((await service.get(`/api/tasks/${id}`)).json(), { state: 'STARTED' })
})

t.test('a worker that takes nothing takes no house-keeping either, and four at a time are most', async t => {
  const queues = ['default']
  t.strictSame(roomForUpkeep({ queues, capacity: 0, upkeep: 0 }), { rooms: [], most: 0 })
  t.strictSame(roomForUpkeep({ queues, capacity: 1, upkeep: 1 }), { rooms: [{ queue: 'default', slots: 3 }], most: 3 })
  t.strictSame(roomForUpkeep({ queues, capacity: 1, upkeep: 5 }), { rooms: [], most: 0 })
})
