import { resolve } from 'node:path'
import type { MediaTools } from '../binaries.ts'
import { DiskFailed, diskErrorIn } from '../disk-failed.ts'
import { memoryGuard } from '../guards.ts'
import { type Ran, run } from '../run.ts'

interface RunFfmpeg {
  tools: MediaTools
  signal?: AbortSignal | undefined
  /** Seconds. */
  timeout: number
  /** All that it reads; it writes into `directory`. */
  reads: string[]
  directory: string
}

/** Runs ffmpeg for one or several extras, which the caller checks. Throws where the disk is at fault. */
export async function runFfmpeg(args: string[], { tools, signal, timeout, reads, directory }: RunFfmpeg): Promise<Ran> {
  const sight = { reads: reads.map(each => resolve(each)), writes: [resolve(directory)] }
  const ran = await run(
    tools.ffmpeg,
    ['-nostdin', '-hide_banner', '-y', '-loglevel', 'error', ...memoryGuard, ...args],
    { signal, timeout: Math.ceil(timeout), ...sight }
  )
  for (const line of ran.stderr.split('\n')) {
    const code = diskErrorIn(line)
    if (code) throw new DiskFailed(code, ran.stderr)
  }
  return ran
}

/** How a run ended, in words for a note. Paths are for the log. */
export function endOf({ exitCode, signal, timedOut, stderr }: Ran) {
  if (timedOut) return 'ffmpeg took too long and was killed'
  const how = signal ? `was killed by ${signal}` : `ended with code ${exitCode}`
  const last = stderr
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/\S*\/\S*/g, '…')
    .slice(0, 200)
  return `ffmpeg ${how}${last ? `: ${last}` : ''}`
}
