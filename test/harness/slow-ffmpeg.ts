import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'

/**
 * The real ffmpeg, which reads no faster than the film plays: a test has time to watch it, on any machine, and it costs
 * next to nothing. Returns the setting that makes a worker use it.
 */
export async function slowFfmpeg(t: Test): Promise<{ FFMPEG_PATH: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-ffmpeg-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const FFMPEG_PATH = path.join(folder, 'ffmpeg')
  await writeFile(FFMPEG_PATH, `#!/bin/sh\nexec ${process.env.FFMPEG_PATH || 'ffmpeg'} -re "$@"\n`, { mode: 0o755 })
  return { FFMPEG_PATH }
}
