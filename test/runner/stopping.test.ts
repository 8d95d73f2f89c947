import t from 'tap'
import { stopping } from '../../src/runner/stopping.ts'

t.test('a worker that stops claims no more tasks while its schedules end', async t => {
  const calls: string[] = []
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const noting = (call: string) => async () => void calls.push(call)
  const stop = stopping({
    intake: { stop: noting('intake stopped') },
    bodies: { desk: { close: () => void calls.push('desk closed'), stopAll() {}, ended: noting('bodies ended') } },
    books: { worker: { async sayEnding() {} }, flush: noting('books flushed') },
    clock: { stop: () => ended },
    couriers: { stop: noting('couriers stopped') },
    close: noting('closed')
  })

  const stopped = stop(0)

  t.strictSame(calls, ['desk closed', 'intake stopped'])
  end()
  await stopped
  t.strictSame(calls.slice(2), ['bodies ended', 'bodies ended', 'books flushed', 'couriers stopped', 'closed'])
})
