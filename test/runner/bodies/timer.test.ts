import { mock } from 'node:test'
import t from 'tap'
import { startTimer } from '../../../src/runner/bodies/timer.ts'

const day = 86_400_000

t.test('a timer of 60 days fires after 60 days, and after all of them again when it is restarted', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  let fired = 0
  const timer = startTimer(60 * day, () => fired++)

  // Node.js holds 24.8 days in one timeout.
  for (let days = 0; days < 59; days++) mock.timers.tick(day)
  t.equal(fired, 0)
  timer.restart()
  for (let days = 0; days < 59; days++) mock.timers.tick(day)
  t.equal(fired, 0)
  // Each of its parts ends within a tick, and the next part starts at the end of that.
  for (let days = 0; days < 3; days++) mock.timers.tick(day)

  t.equal(fired, 1)
  timer.restart()
  for (let days = 0; days < 100; days++) mock.timers.tick(day)
  t.equal(fired, 1, 'it is over')
})

t.test('a stopped timer does not fire, also in its second part', async t => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  let fired = 0
  const timer = startTimer(60 * day, () => fired++)
  for (let days = 0; days < 30; days++) mock.timers.tick(day)

  timer.stop()
  timer.restart()
  for (let days = 0; days < 100; days++) mock.timers.tick(day)

  t.equal(fired, 0)
})
