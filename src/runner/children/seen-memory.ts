import { usageOfFamily } from '#processes/family.ts'
import { memoryOf } from '#processes/memory.ts'
import type { OwnMemory } from './own-memory.ts'

/** What the worker has seen of the memory of a child, in bytes: a process that has ended cannot be asked. */
export function seenMemory(pid: number | undefined) {
  // Without an attempt; during the one that runs, at most; and the same with all that it has started.
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
     * Also at what an attempt has started, from the second look at it on: that costs more, and finds nothing while short
     * attempts come and go.
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

    /** What the attempt took in all, with what the child has reported. */
    ends({ peak_memory = 0, held_memory = peak_memory }: Partial<OwnMemory>) {
      held = held_memory
      return Math.max(peak_memory, family)
    },

    /** What an attempt took whose process is gone; before the first look at it, what the process held without it. */
    get last(): number | null {
      const last = own ?? held
      return last === undefined ? null : Math.max(last, family)
    }
  }
}
