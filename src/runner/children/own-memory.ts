import { writeFileSync } from 'node:fs'
import { memoryOf } from '#processes/memory.ts'

/** Memory of a child's process, in bytes. */
export interface OwnMemory {
  peak_memory: number
  /** What the process holds afterwards, where that is much less. */
  held_memory?: number
}

// Milliseconds. A look costs as much as a short task, and an attempt shorter than this has not taken much.
const shortest = 10
// Bytes. Less than this comes and goes all the time.
const much = 16 * 1024 ** 2

let known = memoryOf(process.pid)
let askedAt = performance.now()
let least = known?.held ?? 0
let canReset = true

/** Before an attempt: memory of an earlier one may have been given back since, and does not count for this one. */
export function beforeAttempt() {
  if (known && known.peak > least + much) ask()
  if (known && known.peak > known.held + much) resetPeak()
}

/** After it: the most that was held during it. What the heap has not given back counts for the next one too. */
export function afterAttempt(): OwnMemory {
  ask()
  // Without /proc there is only a peak that includes what the worker held when it forked, and that never falls.
  if (!known) return { peak_memory: process.resourceUsage().maxRSS * 1024 }
  const { peak, held } = known
  if (peak <= held + much || !resetPeak()) return { peak_memory: peak }
  return { peak_memory: peak, held_memory: held }
}

function ask() {
  const now = performance.now()
  if (!known || now - askedAt < shortest) return
  askedAt = now
  known = memoryOf(process.pid) ?? known
  least = Math.min(least, known.held)
}

/** The kernel keeps one peak for the whole life of a process. It can be reset to what is held now. */
function resetPeak() {
  try {
    if (canReset) writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    canReset = false
  }
  if (canReset && known) known = { ...known, peak: known.held }
  return canReset
}
