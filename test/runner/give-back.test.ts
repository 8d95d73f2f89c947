import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pino from 'pino'
import t from 'tap'
import { giverBack } from '../../src/runner/intake/give-back.ts'
import type { Claim } from '../../src/tasks/attempts/claim.ts'

t.test('tasks that were put back are forgotten', async t => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  const held = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const back = giverBack({ log: pino({ level: 'silent' }), putBack: async () => {} })
  const give = async (times: number) => {
    for (let given = 0; given < times; given++) await back.give([])
    await back.settled()
    // A settled entry is dropped in the next turn.
    await nextTurn()
  }
  await give(100_000)
  const before = held()

  await give(400_000)

  const more = held() - before
  t.ok(more < 10_000_000, `${more} bytes more`)
})

t.test('tasks that are being put back are in hand until they are back', async t => {
  const back = Promise.withResolvers<void>()
  const give = giverBack({ log: pino({ level: 'silent' }), putBack: () => back.promise })
  const claim = { id: '01980000-0000-7000-8000-000000000001' } as Claim

  const given = give.give([claim])

  t.strictSame(give.ids(), [claim.id], 'a search for claims without an answer leaves them alone')
  back.resolve()
  await given
  t.strictSame(give.ids(), [])
})
