import { type Develop, type Developed, develop, type Report } from '#media/develop.ts'
import { byCodec } from '#media/plan/codecs.ts'
import type { Print } from '#media/plan/print.ts'
import type { Encoding } from '#metrics/encoded.ts'
import { gridOf } from './print-set.ts'
import type { HlsPublisher } from './publish-hls.ts'

/** The work that a codec takes, as a multiple of that of H.264; for the progress alone. */
const work = { h264: 1, hevc: 2, vp9: 2, av1: 2 }

/** Prints of one codec, and where they are on the way through the whole of them. */
export interface Pass {
  prints: Print[]
  /** Fraction of the work before it, and its own. */
  before: number
  share: number
}

/**
 * The codecs of a film come one after another: H.264 can be played while the others, which take longer, are made, and
 * memory holds the encoders of one codec at a time.
 */
export function passesOf(all: Print[]): Pass[] {
  const groups = byCodec(all)
  const works = groups.map(prints => work[prints[0]!.codec])
  const sum = works.reduce((one, other) => one + other, 0)
  return groups.map((prints, at) => ({
    prints,
    before: works.slice(0, at).reduce((one, other) => one + other, 0) / sum,
    share: works[at]! / sum
  }))
}

/** Makes the prints of a film in passes, and answers with what all of them made. */
export async function developInPasses(
  film: Omit<Develop, 'publisher' | 'isFurther'> & { publisher: HlsPublisher }
): Promise<Developed & { encoded: Encoding[] }> {
  const passes = passesOf(film.prints)
  const made: Developed[] = []
  const encoded: Encoding[] = []
  let rungs: Report['rungs'] = []
  for (const [at, pass] of passes.entries()) {
    const [first] = made
    const isLast = at === passes.length - 1
    const since = performance.now()
    let own: Report['rungs'] = []
    const developed = await develop({
      ...film,
      prints: pass.prints,
      isFurther: first !== undefined,
      // Of those that take the least to decode.
      extras: first === undefined && film.extras === true,
      grid: first ? gridOf(first.made) : film.grid,
      onProgress(report) {
        own = report.rungs
        film.onProgress?.({
          ...report,
          fraction: report.fraction === null ? null : pass.before + pass.share * report.fraction,
          eta: isLast ? report.eta : null,
          hls: report.hls || first !== undefined,
          rungs: [...rungs, ...own]
        })
      }
    })
    await film.publisher.passed(developed)
    rungs = [...rungs, ...own]
    encoded.push({ rungs: pass.prints.map(({ name }) => name), seconds: (performance.now() - since) / 1000 })
    made.push(developed)
  }
  return {
    made: made.flatMap(({ made }) => made),
    streams: made.flatMap(({ streams }) => streams),
    tracks: made[0]!.tracks,
    damage: made[0]!.damage,
    extras: made[0]!.extras,
    encoded
  }
}
