import { run } from '../../run.ts'

const known = new Map<string, Promise<boolean>>()

/** Whether this ffmpeg writes animated WebP: it needs a library that some builds lack. */
export function canAnimate(ffmpeg: string) {
  const answer = known.get(ffmpeg) ?? ask(ffmpeg)
  known.set(ffmpeg, answer)
  // A failed check proves nothing: the next film checks again.
  answer.catch(() => known.delete(ffmpeg))
  return answer
}

async function ask(ffmpeg: string) {
  const { stdout } = await run(ffmpeg, ['-hide_banner', '-encoders'], { timeout: 10 })
  return / libwebp_anim /.test(stdout)
}
