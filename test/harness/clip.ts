import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

interface Shot {
  /** Null: sound alone. */
  size?: string | null
  seconds?: number
  fps?: number
  sound?: boolean
  /** Frames from one keyframe to the next, and few bits. */
  group?: number
  /** Ten bits and the light of PQ. */
  hdr?: boolean
}

/** A short film of moving bars and a beep, made at once: real bytes for the real ffmpeg. */
export async function shoot({
  size = '320x180',
  seconds = 1,
  fps = 10,
  sound = true,
  group,
  hdr = false
}: Shot = {}): Promise<Buffer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-clip-'))
  const file = path.join(folder, 'clip.mp4')
  try {
    await promisify(execFile)('ffmpeg', [
      ...['-v', 'error'],
      ...(size ? ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}:duration=${seconds}`] : []),
      ...(sound ? ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`] : []),
      ...(group ? ['-g', String(group), '-sc_threshold', '0', '-crf', '40'] : []),
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', hdr ? 'yuv420p10le' : 'yuv420p'],
      ...(hdr ? ['-color_primaries', 'bt2020', '-color_trc', 'smpte2084', '-colorspace', 'bt2020nc'] : []),
      ...['-c:a', 'aac', file]
    ])
    return await readFile(file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
