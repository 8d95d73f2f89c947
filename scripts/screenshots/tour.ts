import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

export const tourSize = { width: 1280, height: 900 }

/** WebP by ffmpeg, which `scripts/prepare` installs: a quarter of a PNG. */
export async function writeSmall(file: string, picture: Buffer) {
  const before = `${file}.png`
  await writeFile(before, picture)
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-y', '-i', before, '-quality', '84', file])
  await rm(before)
}
