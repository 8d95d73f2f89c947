import pino from 'pino'
import t from 'tap'
import { stopping } from '../../src/runner/stopping.ts'

t.test('a worker that is told to stop takes nothing more while what else brings work comes to its end', async t => {
  const said: string[] = []
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const says = (word: string) => async () => void said.push(word)
  const ends = stopping({
    log: pino({ level: 'silent' }),
    desk: { close: () => said.push('desk closed'), stopAll() {}, async ended() {} },
    claims: { stop: says('claims stopped') },
    turn: { stop() {}, putBack: says('put back') },
    outcomes: { async flush() {} },
    announce() {},
    before: () => ended,
    givenBack: async () => {},
    after: says('the rest')
  } as unknown as Parameters<typeof stopping>[0])

  const stopped = ends.stop(0)

  t.strictSame(said, ['desk closed', 'claims stopped'])
  end()
  await stopped
  t.strictSame(said.slice(2), ['put back', 'the rest'])
})
