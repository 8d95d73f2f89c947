import t from 'tap'
import { gather } from '../../src/database/batching.ts'

/** True when it settles before anything else gets its turn: no timer, and no I/O. */
async function isOverAtOnce(gathering: Promise<void>) {
  let over = false
  void gathering.then(() => {
    over = true
  })
  // Only what is due already goes on meanwhile.
  for (let n = 0; n < 10; n++) await null
  return over
}

t.test('a single item is never delayed; after many items there is a pause', async t => {
  const cases: [carried: number, most: number | undefined, atOnce: boolean][] = [
    [0, undefined, true],
    [1, undefined, true],
    [1, 80, true],
    [2, undefined, false],
    [50, undefined, false],
    [50, 80, false]
  ]

  for (const [carried, most, atOnce] of cases) {
    const gathering = gather(carried, most)
    t.equal(await isOverAtOnce(gathering), atOnce, `${carried} of at most ${most ?? 'the usual'}`)
    await gathering
  }
})
