import { writeFileSync } from 'node:fs'
import { memoryOf } from '#processes/memory.ts'

/** What an attempt tells of the memory of its process, in bytes. */
export interface OwnMemory {
  peak_memory: number
  /** What the process goes on with, where that is much less. */
  held_memory?: number
}

// Milliseconds. To ask costs as much as a short task, and what took less than this has not taken much.
const shortest = 10
// Bytes. As much comes and goes all the time, and nobody wants to hear of it.
const much = 16 * 1024 ** 2

let known = memoryOf(process.pid)
let askedAt = performance.now()
let least = known?.held ?? 0
let canBeginAnew = true

/** Before an attempt: what is left of an earlier one may have been given back since, and is not this one's then. */
export function beforeAttempt() {
  if (known && known.peak > least + much) ask()
  if (known && known.peak > known.held + much) beginAnew()
}

/** After it: the most that was held during it. What the heap does not give back until then is the next one's, too. */
export function afterAttempt(): OwnMemory {
  ask()
  // Without a /proc there is only what also counts what our worker held when it forked us, and never becomes less.
  if (!known) return { peak_memory: process.resourceUsage().maxRSS * 1024 }
  const { peak, held } = known
  if (peak <= held + much || !beginAnew()) return { peak_memory: peak }
  return { peak_memory: peak, held_memory: held }
}

function ask() {
  const now = performance.now()
  if (!known || now - askedAt < shortest) return
  askedAt = now
  known = memoryOf(process.pid) ?? known
  least = Math.min(least, known.held)
}

/** The kernel has one peak for the whole life of a process. It can be told to begin anew at what is held now. */
function beginAnew() {
  try {
    if (canBeginAnew) writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    canBeginAnew = false
  }
  if (canBeginAnew && known) known = { ...known, peak: known.held }
  return canBeginAnew
}
