import t from 'tap'
import { bucketCount, bucketOf } from '../../src/stats/buckets.ts'
import { openService } from '../harness/service.ts'

const { db } = await openService(t)

async function ask<Value>(expression: string, ...values: unknown[]): Promise<Value> {
  return (await db.pool.query<{ value: Value }>(`select ${expression} as value`, values)).rows[0]!.value
}

const histogramOf = (durations: number[]) => {
  const hist = new Array(bucketCount).fill(0)
  for (const each of durations) hist[bucketOf(each)]++
  return hist
}

t.test('a duration has its bucket', async t => {
  t.strictSame([0, 1.9, 2, 3.9, 4, 1_000, 2 ** 20 - 1, 2 ** 20, 1e12].map(bucketOf), [0, 0, 1, 1, 2, 9, 19, 20, 20])
  t.strictSame([-5, Number.NaN].map(bucketOf), [0, 0], 'also where a clock was set back')
})

t.test('a percentile is as exact as its bucket', async t => {
  const durations = Array.from({ length: 2_000 }, (_, n) => 1.005 ** n)

  for (const p of [0, 0.01, 0.5, 0.95, 1]) {
    const found = 1000 * (await ask<number>('darkroom.percentile_of($1::int[], $2)', histogramOf(durations), p))
    const right = durations[Math.min(1_999, Math.floor(p * 2_000))]!
    t.ok(found >= right / 2 - 2 && found <= right * 2, `p${p * 100}: ${found} for ${right}`)
  }
  t.equal(await ask('darkroom.percentile_of($1::int[], 0.5)', histogramOf([5])), 0.006, 'the middle of 4 to 8 ms')
  for (const hist of [[], new Array(21).fill(0), null]) {
    t.equal(await ask('darkroom.percentile_of($1::int[], 0.5)', hist), null)
  }
  t.equal(await ask('darkroom.percentile_of($1::int[], 7)', [0, 1]), 0.004, 'p is at most 1')
})

t.test('histograms add up, of whatever length', async t => {
  t.strictSame(await ask(`darkroom.add_hists('{1,2}', '{0,0,5}')`), [1, 2, 5])
  t.strictSame(await ask(`darkroom.add_hists('{1,2,3}', '{1}')`), [2, 2, 3])
  t.strictSame(await ask(`darkroom.add_hists('{}', '{}')`), [])
  t.strictSame(
    await ask(`(select darkroom.sum_hists(h) from (values ('{}'::int[]), ('{1,1}'), (null), ('{0,4}')) v (h))`),
    [1, 5]
  )
})
