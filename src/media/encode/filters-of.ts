import { run } from '../run.ts'

/** What the filters of an ffmpeg can do beyond those that every build has: zscale needs a library that some lack. */
export interface Filters {
  /** Scales in two thirds of the time of `scale`, by the same kernel. */
  zscale: boolean
  /** Converts HDR to SDR. */
  toneMap: boolean
}

const known = new Map<string, Promise<Filters>>()

export function filtersOf(ffmpeg: string): Promise<Filters> {
  const answer = known.get(ffmpeg) ?? ask(ffmpeg)
  known.set(ffmpeg, answer)
  answer.catch(() => known.delete(ffmpeg))
  return answer
}

async function ask(ffmpeg: string) {
  const { exitCode, stdout } = await run(ffmpeg, ['-hide_banner', '-filters'], { timeout: 10 })
  // That proves nothing: the next film asks again.
  if (exitCode !== 0) known.delete(ffmpeg)
  const zscale = / zscale /.test(stdout)
  return { zscale, toneMap: zscale && / tonemap /.test(stdout) }
}
