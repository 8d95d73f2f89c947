import { open } from 'node:fs/promises'

/** Top-level boxes of an MP4 of ours: a handful. Noise looks like thousands. */
const mostBoxes = 64

/**
 * Why a browser could not play an MP4 while it loads; undefined where it can. The index (`moov`) has to come before the
 * media (`mdat`), and every box has to be there as a whole.
 */
export async function layoutProblem(file: string): Promise<string | undefined> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const head = Buffer.alloc(16)
  let index = false
  for (let at = 0, boxes = 0; at < size; boxes++) {
    const { bytesRead } = await handle.read(head, 0, 16, at)
    const bytes = bytesRead < 8 ? 0 : sizeIn(head, bytesRead)
    const type = head.toString('latin1', 4, 8)
    if (bytes < 8 || at + bytes > size || boxes === mostBoxes) return 'it is cut off or damaged'
    if (type === 'moov') index = true
    if (type === 'mdat' && !index) return 'its index (moov) is not at its beginning'
    at += bytes
  }
  return index ? undefined : 'it has no index (moov)'
}

/** A size of 1 stands for one of 64 bits: media of more than 4 GiB. */
function sizeIn(head: Buffer, there: number) {
  const short = head.readUInt32BE(0)
  return short === 1 && there === 16 ? Number(head.readBigUInt64BE(8)) : short
}
