import t from 'tap'
import { Line } from '../../../src/runner/children/line.ts'
import type { ToChild } from '../../../src/runner/children/protocol.ts'
import { Tail } from '../../../src/tasks/log/tail.ts'

const exit = { type: 'exit' as const, exit_code: 1, signal: null, peak_memory: null, stderr: '' }
const success = (number: number) => ({ type: 'success' as const, result: 'null', number, took: 0 })

/** A line of three attempts, what was sent to the child, and which of them have begun. */
function openLine() {
  const sent: ToChild[] = []
  const begun: string[] = []
  const line = new Line(message => sent.push(message))
  const places = ['one', 'two', 'three'].map(id => {
    const quiet = { loading() {}, started() {}, progress() {}, log() {}, program() {} }
    const listener = { ...quiet, begins: () => void begun.push(id) }
    return line.add({ task: 'any', id, args: {}, attempt: 1 }, listener, new Tail())
  })
  return { line, sent, begun, one: places[0]!, two: places[1]!, three: places[2]! }
}

t.test('the first is sent at once, the others together', async t => {
  const { sent, begun } = openLine()
  t.match(sent, [{ type: 'run', runs: [{ id: 'one' }], goOn: true }])

  await new Promise(setImmediate)

  t.match(sent[1], { type: 'run', runs: [{ id: 'two' }, { id: 'three' }], goOn: false })
  t.strictSame(begun, ['one'])
})

t.test('an attempt that is dropped just as its turn comes leaves the turn to the next', async t => {
  const { line, begun, two } = openLine()
  const isDropped = line.drop(two)

  line.hear(success(1))
  line.hear({ type: 'dropped', asked: [2], dropped: [2] })

  t.equal(await isDropped, true, 'its body never runs')
  t.match(await two.ended, { type: 'unbegun' })
  t.strictSame(begun, ['one', 'two', 'three'])
  t.equal(line.length, 1)
})

t.test('a crash is the end of the first; the others have not begun', async t => {
  const { line, one, two, three } = openLine()

  line.hear(success(1))
  line.end(exit, true)

  t.match(await one.ended, { type: 'success' })
  t.match(await two.ended, { type: 'exit' })
  t.match(await three.ended, { type: 'unbegun' })
})

t.test('a child that ends by itself between two attempts is the fault of neither', async t => {
  const { line, one, two } = openLine()

  line.end(exit, false)

  t.match(await one.ended, { type: 'unbegun' })
  t.match(await two.ended, { type: 'unbegun' })
})

t.test(
  'a child that does not answer is blocked: what is behind its attempt is dropped, the attempt goes on',
  async t => {
    const { line, one, two } = openLine()

    t.equal(await line.drop(two), true)
    t.equal(await line.drop(one), false)
    line.hear(success(1))
    line.hear(success(2))

    t.match(await two.ended, { type: 'unbegun' })
    t.equal(line.length, 1, 'its end is that of no other attempt')
  }
)
