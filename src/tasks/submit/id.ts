import { randomFillSync } from 'node:crypto'
import { v7 as uuid } from 'uuid'

// 512 ids' worth: asked for each by itself, randomness took a tenth of what a submission costs the API.
const pool = new Uint8Array(8_192)
let used = pool.length
let millisecond = 0
let turn = 0

/** A new task's id. In one process they grow, also within a millisecond: tasks begin in the order of their ids. */
export function newId(): string {
  const random = nextRandom()
  const now = Date.now()
  if (now > millisecond) {
    millisecond = now
    // Half of the room is left to count in.
    turn = new DataView(random.buffer, random.byteOffset).getUint32(0) & 0x7fff_ffff
  } else if (turn === 0xffff_ffff) {
    millisecond++
    turn = 0
  } else turn++
  return uuid({ random, msecs: millisecond, seq: turn })
}

function nextRandom() {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 16
  return pool.subarray(used - 16, used)
}
