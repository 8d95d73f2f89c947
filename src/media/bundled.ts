import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { bundledSums } from './sums.ts'

const known = new Map<string, Promise<string>>()

/** Whether a program of `ffmpeg-static` is the one that was published for this platform; its sum, where it is not. */
export async function strangeSum(program: string): Promise<string | undefined> {
  const sum = await sumOf(program)
  return sum === bundledSums[`${process.platform}-${process.arch}`] ? undefined : sum
}

/** Read once as long as it stays as it is: it has 80 MB. */
async function sumOf(program: string): Promise<string> {
  const { ino, size, mtimeMs, ctimeMs } = await stat(program)
  const version = [program, ino, size, mtimeMs, ctimeMs].join(' ')
  const sum = known.get(version) ?? read(program)
  known.set(version, sum)
  return sum
}

async function read(program: string) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(program, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}
