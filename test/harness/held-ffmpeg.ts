import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { until } from './until.ts'

/**
 * The real ffmpeg, with a gate before the encodes whose command line has a text in it: they wait, or fail. A test then
 * knows what is at work, on any machine. Without the lock, under which the gate could not be seen.
 */
export async function heldFfmpeg(t: Test) {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-ffmpeg-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const at = (name: string) => path.join(folder, name)
  const script = `#!/bin/sh
case "$*" in *libx264*)
  echo "$*" >> '${at('log')}'
  while grep -qF -f '${at('hold')}' 2>/dev/null <<END
$*
END
  do sleep 0.05; done
  if grep -qF -f '${at('fail')}' 2>/dev/null <<END
$*
END
  then echo 'the encoder was told to fail' >&2; exit 1; fi
esac
exec ${process.env.FFMPEG_PATH || 'ffmpeg'} "$@"
`
  await writeFile(at('ffmpeg'), script, { mode: 0o755 })
  const runs = async () => (await readFile(at('log'), 'utf8').catch(() => '')).split('\n').filter(line => line !== '')
  return {
    env: { FFMPEG_PATH: at('ffmpeg'), MEDIA_SANDBOX: 'off' },
    /** Command lines of all encodes so far. */
    runs,
    hold: (text: string) => writeFile(at('hold'), `${text}\n`),
    release: () => rm(at('hold'), { force: true }),
    fail: (text: string) => writeFile(at('fail'), `${text}\n`),
    mend: () => rm(at('fail'), { force: true }),
    /** Resolves when such an encode has begun. */
    begun: (text: string) =>
      until(async () => (await runs()).some(line => line.includes(text)), `an encode begins: ${text}`)
  }
}
