import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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
  await writeFile(FFMPEG_PATH, script(FFMPEG_PATH), { mode: 0o755 })
  return { FFMPEG_PATH }
}

/** Under the lock the file with its number cannot be written. */
const script = (file: string) => `#!/bin/sh
case "$*" in *libx264*) { echo $$ > '${file}.pid'; } 2> /dev/null ;; esac
exec ${process.env.FFMPEG_PATH || 'ffmpeg'} -re "$@"
`

/** Stops the encode that runs, of a worker without the lock; returns what lets it go on. */
export async function pauseEncode({ FFMPEG_PATH }: { FFMPEG_PATH: string }) {
  const pid = Number(await readFile(`${FFMPEG_PATH}.pid`, 'utf8'))
  process.kill(pid, 'SIGSTOP')
  return () => process.kill(pid, 'SIGCONT')
}
