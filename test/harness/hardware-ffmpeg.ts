import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'

interface Card {
  /** Encoders that work: libx264 stands in for them. All others fail at once, as without a driver. */
  works: string[]
  /** Of a film, frames after which such an encode dies. */
  diesAfter?: number
}

/** The real ffmpeg on a machine with a graphics card, whose encoders are libx264 under their names. */
export async function hardwareFfmpeg(t: Pick<Test, 'teardown'>, { works, diesAfter }: Card): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-card-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'ffmpeg')
  // Options that only cards have come in pairs with their values, and go with these.
  const script = `#!/bin/sh
case "$*" in *_nvenc*|*_qsv*|*_vaapi*|*_videotoolbox*) ;; *) exec ${process.env.FFMPEG_PATH || 'ffmpeg'} "$@" ;; esac
name=
skip=
film=
for each; do
  shift
  if [ -n "$skip" ]; then skip=; continue; fi
  case "$each" in
    *_nvenc|*_qsv|*_vaapi|*_videotoolbox) name=$each; each=libx264 ;;
    -preset:v*|-rc:v*|-cq:v*|-forced-idr:v*|-no-scenecut:v*|-b:v*) skip=yes; continue ;;
    tee) film=yes ;;
  esac
  set -- "$@" "$each"
done
case " ${works.join(' ')} " in *" $name "*) ;; *) echo "Cannot load libcuda.so.1 for $name" >&2; exit 1 ;; esac
[ -n "$film" ] && [ -n "${diesAfter ?? ''}" ] && set -- -t ${(diesAfter ?? 0) / 10} "$@"
${process.env.FFMPEG_PATH || 'ffmpeg'} "$@"
code=$?
if [ -n "$film" ] && [ -n "${diesAfter ?? ''}" ]; then echo 'CUDA_ERROR_LAUNCH_FAILED' >&2; exit 1; fi
exit $code
`
  await writeFile(file, script, { mode: 0o755 })
  return file
}
