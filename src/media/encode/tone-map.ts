import { run } from '../run.ts'

const known = new Map<string, Promise<boolean>>()

/** Whether this ffmpeg can bring HDR to an ordinary screen: zscale needs a library that some builds leave out. */
export function canToneMap(ffmpeg: string) {
  const answer = known.get(ffmpeg) ?? ask(ffmpeg)
  known.set(ffmpeg, answer)
  // A failure of the question is not the answer: the next film asks again.
  answer.catch(() => known.delete(ffmpeg))
  return answer
}

async function ask(ffmpeg: string) {
  const { stdout } = await run(ffmpeg, ['-hide_banner', '-filters'], { timeout: 10 })
  return / zscale /.test(stdout) && / tonemap /.test(stdout)
}
