import type { MediaTools } from '../binaries.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import { run } from '../run.ts'

/** Seconds for decoding one frame, however far into the file the first good one is. */
const timeout = 60

/** Whether at least one frame of a stream decodes. Tells a bad source from a bad ffmpeg after a failed encode. */
export async function decodes(
  source: string,
  index: number,
  { tools, signal }: { tools: MediaTools; signal?: AbortSignal | undefined }
) {
  const { stdout } = await run(
    tools.ffmpeg,
    [
      ...['-nostdin', '-loglevel', 'error', ...memoryGuard, ...guardedInput(source)],
      ...['-map', `0:${index}`, '-frames', '1', '-f', 'framecrc', 'pipe:1']
    ],
    { signal, timeout, reads: [source] }
  )
  return /^0,/m.test(stdout)
}
