import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'

/**
 * The real ffmpeg, whose x264 takes its quickest preset instead of ours: half the CPU for a print of the same size,
 * streams, length and number of pictures. Returns the path of the program.
 */
export async function quickFfmpeg(t: Pick<Test, 'teardown'>, ffmpeg: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-ffmpeg-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'ffmpeg')
  const script = `#!/bin/sh
for each; do
  shift
  if [ "$each" = veryfast ]; then each=ultrafast; fi
  set -- "$@" "$each"
done
exec '${ffmpeg}' "$@"
`
  await writeFile(file, script, { mode: 0o755 })
  return file
}
