import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Extra } from '../extra.ts'

/** A picture as a file of the set; undefined where the file is missing, cut off, or no picture. */
export async function pictureFile(directory: string, name: string): Promise<Extra | undefined> {
  const content = await readFile(join(directory, name)).catch(() => Buffer.alloc(0))
  const size = name.endsWith('.webp') ? sizeOfWebp(content) : sizeOfJpeg(content)
  return size && { name, bytes: content.length, ...size, language: null }
}

/** From the frame header, which follows segments that each say their length. */
function sizeOfJpeg(content: Buffer) {
  if (content.length < 4 || content.readUInt16BE(0) !== 0xffd8) return undefined
  if (content.readUInt16BE(content.length - 2) !== 0xffd9) return undefined
  for (let at = 2; at + 9 < content.length; at += 2 + content.readUInt16BE(at + 2)) {
    if (content[at] !== 0xff) return undefined
    if (content[at + 1] === 0xc0) return { width: content.readUInt16BE(at + 7), height: content.readUInt16BE(at + 5) }
  }
  return undefined
}

/** An animation says its size in its extended header, a single picture in its first frame. */
function sizeOfWebp(content: Buffer) {
  const ascii = (from: number) => content.toString('latin1', from, from + 4)
  if (content.length < 30 || ascii(0) !== 'RIFF' || ascii(8) !== 'WEBP') return undefined
  if (content.readUInt32LE(4) + 8 > content.length) return undefined
  if (ascii(12) === 'VP8X') return { width: content.readUIntLE(24, 3) + 1, height: content.readUIntLE(27, 3) + 1 }
  return { width: content.readUInt16LE(26) & 0x3fff, height: content.readUInt16LE(28) & 0x3fff }
}
