import t from 'tap'
import { openService } from '../../harness/service.ts'

t.test('the order of tasks', async t => {
  const service = await openService(t)
  // They last long enough for no two to start in the same millisecond.
  const low = await service.submit('sleep', { seconds: 0.02 }, { priority: 0 })
  const second = await service.submit('sleep', { seconds: 0.02 }, { priority: 5 })
  const third = await service.submit('sleep', { seconds: 0.02 }, { priority: 5 })
  const first = await service.submit('sleep', { seconds: 0.02 }, { priority: 9, queue: 'low_priority' })
  const due = await service.submit('sleep', { seconds: 0.02 }, { priority: 7, countdown: 0.001 })

  await service.startWorker({ WORKER_CONCURRENCY: '1' })
  const tasks = await Promise.all([low, second, third, first, due].map(id => service.finished(id)))

  const order = tasks.toSorted((a, b) => a.started_at!.localeCompare(b.started_at!)).map(({ id }) => id)
  t.strictSame(
    order.filter(id => id !== due),
    [first, second, third, low],
    'is by priority, highest first, then by submission'
  )
})

t.test('a worker claims from its own queues alone', async t => {
  const service = await openService(t)
  const other = await service.submit('add', { x: 1, y: 1 }, { queue: 'high_priority' })
  await service.startWorker({ WORKER_QUEUES: 'low_priority' })

  await service.finished(await service.submit('add', { x: 1, y: 1 }, { queue: 'low_priority' }))

  t.equal((await service.get(`/api/tasks/${other}`)).json().state, 'PENDING')
  await service.startWorker({ WORKER_QUEUES: 'high_priority,default' })
  t.equal((await service.finished(other)).state, 'SUCCESS')
})
