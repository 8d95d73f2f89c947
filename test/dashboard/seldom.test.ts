import { mock } from 'node:test'
import t from 'tap'
import { seldom } from '../../src/dashboard/state/service/seldom.ts'

t.test('what is asked for often happens once a second, the last request included', async t => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  t.teardown(() => mock.timers.reset())
  let acts = 0
  const ask = seldom(() => acts++, 1_000)

  ask()
  mock.timers.tick(0)
  t.equal(acts, 1, 'the first does not wait')
  for (let quarter = 0; quarter < 40; quarter++) {
    ask()
    mock.timers.tick(250)
  }
  t.equal(acts, 11, 'ten seconds of four requests each')
  ask()
  mock.timers.tick(1_000)
  t.equal(acts, 12, 'the last request is not lost')
  mock.timers.tick(60_000)
  t.equal(acts, 12, 'without a request nothing happens')
})
