import { writeFileSync } from 'node:fs'
import { memoryOf } from '#processes/memory.ts'

/** Memory of a child's process, in bytes. */
export interface OwnMemory {
  peak_memory: number
  /** Bytes still held after the attempt, where that is much less than the peak. */
  held_memory?: number
}

// Milliseconds. A sample costs as much as a short task, and a shorter attempt has not allocated much.
const shortest = 10
// Bytes. Smaller differences are noise.
const much = 16 * 1024 ** 2

let known = memoryOf(process.pid)
let askedAt = performance.now()
let least = known?.held ?? 0
let canReset = true

/** Before an attempt: memory that earlier attempts have freed since must not count for this one. */
export function beforeAttempt() {
  if (known && known.peak > least + much) ask()
  if (known && known.peak > known.held + much) resetPeak()
}

/** After an attempt: its peak. Memory that the heap has not freed counts for the next attempt too. */
export function afterAttempt(): OwnMemory {
  ask()
  // Without /proc there is only a peak that includes the worker's memory at the fork, and that never falls.
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

/** The kernel keeps one peak per process; it can be reset to the current usage. */
function resetPeak() {
  try {
    if (canReset) writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    canReset = false
  }
  if (canReset && known) known = { ...known, peak: known.held }
  return canReset
}
