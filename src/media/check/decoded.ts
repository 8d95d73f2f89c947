import type { MediaTools } from '../binaries.ts'
import { guardedInput, memoryGuard } from '../guards.ts'
import { run } from '../run.ts'

/** Seconds for decoding one frame, however far into the file the first good one is. */
const timeout = 60

/** Whether anything at all comes out of a stream. Asked only after an encode failed, to know whose fault it was. */
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
    { signal, timeout }
  )
  return /^0,/m.test(stdout)
}

/**
 * What ffmpeg says at its end that it read and decoded of one stream, as in
 * `Input stream #0:0 (video): 62 packets read (1873946 bytes); 31 frames decoded;`.
 */
export function summarise(stderr: string, index: number) {
  const line = new RegExp(`Input stream #0:${index} \\(\\w+\\): (\\d+) packets read .*?; (\\d+) frames decoded`).exec(
    stderr
  )
  if (!line) return undefined
  const errors = /Error while decoding|Error submitting packet|Decoding error|[1-9]\d* decode errors/.test(stderr)
  return { packets: Number(line[1]), frames: Number(line[2]), errors }
}
