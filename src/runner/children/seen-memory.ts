import { usageOfFamily } from '#processes/family.ts'
import { memoryOf } from '#processes/memory.ts'
import type { OwnMemory } from './inside/own-memory.ts'

/** A child's memory in bytes, as sampled by the worker: a process that has ended cannot be asked. */
export function seenMemory(pid: number | undefined) {
  // Held without an attempt; peak of the current attempt; the same peak with all descendants.
  let held: number | undefined
  let own: number | undefined
  let family = 0
  let attempt = 0
  let lookedAt = 0

  function look() {
    if (pid !== undefined) own = memoryOf(pid)?.peak ?? own
  }

  return {
    look,

    /**
     * Samples also the descendants, from an attempt's second sample on: that costs more, and finds nothing while
     * attempts are short.
     */
    async lookAround() {
      look()
      const now = attempt
      const again = lookedAt === now
      lookedAt = now
      if (!again || pid === undefined) return
      const usage = await usageOfFamily(pid)
      if (usage && now === attempt) family = Math.max(family, usage.memory)
    },

    ready() {
      if (pid !== undefined) held = memoryOf(pid)?.held
    },

    begins() {
      attempt++
      own = undefined
      family = 0
    },

    /** The attempt's peak, together with the child's own report. */
    ends({ peak_memory = 0, held_memory = peak_memory }: Partial<OwnMemory>) {
      held = held_memory
      return Math.max(peak_memory, family)
    },

    /** Peak of an attempt whose process is gone; before its first sample, the process's memory without it. */
    get last(): number | null {
      const last = own ?? held
      return last === undefined ? null : Math.max(last, family)
    }
  }
}
