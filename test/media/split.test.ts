import t from 'tap'
import { packetAt } from '#media/parts/sound.ts'
import { keyframesFrom, lengthsIn, splitFilm, timeOf, usualLengths } from '#media/parts/split.ts'

t.test('parts begin at the keyframes and segments of a single run', async t => {
  for (const fps of [5, 10, 14.985, 23.976024, 25, 29.97003, 30, 50, 59.94006]) {
    for (const duration of [301, 400.4, 3600, 36_000]) {
      const parts = splitFilm(duration, fps, usualLengths)
      t.ok(parts.length >= 2 && parts.length <= 31, `${duration} s: ${parts.length} parts`)
      for (const [at, { number, from, frames, segment, segments }] of parts.entries()) {
        const next = parts[at + 1]
        const begins = at === 0 ? 0 : 4 * (segment - 2)
        const isFirst = timeOf(from, fps) >= begins - 1e-6 && timeOf(from - 1, fps) < begins - 1e-6
        const joins = next ? next.from === from + frames! && next.segment === segment + segments! : frames === null
        if (number !== at || !isFirst || !joins) t.fail(`${fps} a second, ${duration} s: ${JSON.stringify(parts[at])}`)
      }
      const last = duration - timeOf(parts.at(-1)!.from, fps)
      t.ok(last >= 29, `the last part has ${last} s: half of a usual one, at least`)
    }
  }
})

t.test('keyframes of a part are where they are in the whole film', async t => {
  const [, , third] = splitFilm(400, 29.97003, usualLengths)
  t.strictSame(third, { number: 2, from: 2398, frames: 1798, segment: 22, segments: 15 })
  t.equal(keyframesFrom(third!, 29.97003), 'expr:gte(t,n_forced*4-0.013267667)')
})

t.test('packets of sound are counted once, wherever parts meet', async t => {
  t.strictSame([0, 1024 / 48_000, 8, 8.001].map(packetAt), [0, 2, 376, 377])
})

t.test('the lengths are those of a test only where all of them are given', async t => {
  t.strictSame(lengthsIn('10,4,8'), { shortest: 10, first: 4, usual: 8 })
  for (const text of [undefined, '', '10', '10,4', 'x,y,z']) t.equal(lengthsIn(text), usualLengths)
})
