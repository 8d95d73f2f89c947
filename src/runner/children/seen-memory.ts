import { usageOfFamily } from '#processes/family.ts'
import { memoryOf } from '#processes/memory.ts'
import type { OwnMemory } from './own-memory.ts'

/** What its worker knows of the memory that a child takes, in bytes: nobody can ask a process that has ended. */
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
     * Also at what an attempt has started, from the second look at it on: that costs more, and there is nothing to be
     * found while short ones come and go.
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

    /** What the attempt took in all, by what the child has said of itself. */
    ends({ peak_memory = 0, held_memory = peak_memory }: Partial<OwnMemory>) {
      held = held_memory
      return Math.max(peak_memory, family)
    },

    /** What an attempt took whose process is gone: before the first look at it, what that held without it. */
    get last(): number | null {
      const last = own ?? held
      return last === undefined ? null : Math.max(last, family)
    }
  }
}
