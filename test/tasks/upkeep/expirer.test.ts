import { mock } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { expirer } from '../../../src/tasks/upkeep/expirer.ts'

/** An expirer with a clock of the test's own and given answers of the database; `looks` are its queries. */
function openExpirer(t: Test, answers: { revoked: string[]; next: number | null }[] = []) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  t.teardown(() => mock.timers.reset())
  const revoked: string[] = []
  const questions: PromiseWithResolvers<void>[] = []
  const pool = {
    async query() {
      const question = Promise.withResolvers<void>()
      questions.push(question)
      await question.promise
      return { rows: [answers.shift() ?? { revoked: [], next: null }] }
    }
  } as unknown as Pool
  const deadlines = expirer({ pool, onExpired: ids => revoked.push(...ids) })
  return {
    deadlines,
    revoked,
    looks: () => questions.length,
    async answer() {
      questions.at(-1)!.resolve()
      await nextTurn()
    },
    /** Lets time pass, and answers the queries meanwhile. */
    async pass(milliseconds: number) {
      for (let passed = 0; passed < milliseconds; passed += 100) {
        mock.timers.tick(100)
        questions.at(-1)!.resolve()
        await nextTurn()
      }
    }
  }
}

t.test('a thousand deadlines do not leave a timer each', async t => {
  const { deadlines, looks, answer, pass } = openExpirer(t)
  await answer()

  for (let i = 0; i < 1_000; i++) deadlines.by(10 + i)
  await pass(2_000)
  const before = looks()
  await pass(10_000)

  t.ok(looks() - before <= 11, `${looks() - before} questions in ten seconds`)
  await deadlines.stop()
})

t.test('a deadline that is set during a query is not missed', async t => {
  const { deadlines, looks, answer } = openExpirer(t)

  deadlines.by(0)
  mock.timers.tick(1)
  t.equal(looks(), 1, 'one question at a time')
  await answer()

  t.equal(looks(), 2, 'and then the next, which sees it')
  await answer()
  await deadlines.stop()
})

t.test('an early deadline is not forgotten for a later one', async t => {
  const { deadlines, looks, answer } = openExpirer(t, [{ revoked: [], next: 600 }])
  await answer()

  deadlines.by(50)
  deadlines.by(900)
  mock.timers.tick(50)

  t.equal(looks(), 2)
  await answer()
  await deadlines.stop()
})

t.test('the next deadline of the database is queried for when it is due', async t => {
  const { deadlines, revoked, looks, answer } = openExpirer(t, [
    { revoked: ['a'], next: 0.25 },
    { revoked: ['b', 'c'], next: null }
  ])
  await answer()
  t.strictSame(revoked, ['a'])

  mock.timers.tick(249)
  t.equal(looks(), 1)
  mock.timers.tick(1)
  await answer()

  t.strictSame(revoked, ['a', 'b', 'c'])
  await deadlines.stop()
})

t.test('a stopped expirer queries no more', async t => {
  const { deadlines, looks, answer, pass } = openExpirer(t)
  await answer()
  deadlines.by(100)

  await deadlines.stop()
  deadlines.by(100)
  await pass(10_000)

  t.equal(looks(), 1)
})
