import type { Claim } from '#tasks/attempts/claim.ts'
import type { StopReason } from '../children/protocol.ts'
import type { Attempt } from './attempt.ts'

/** The attempts in hand: those that run, and short tasks that were claimed ahead and wait for a child. */
export function openDesk() {
  const attempts = new Map<string, Attempt>()
  let closing = false

  function stopAll(reason: StopReason) {
    for (const attempt of attempts.values()) attempt.stop(reason)
  }

  return {
    add(attempt: Attempt) {
      attempts.set(attempt.claim.id, attempt)
      if (closing) attempt.stop('shutdown')
    },
    remove(attempt: Attempt) {
      const { id } = attempt.claim
      // An attempt that was lost may end after the next one of the same task has begun here.
      if (attempts.get(id) === attempt) attempts.delete(id)
    },
    get size() {
      return attempts.size
    },
    ids: () => [...attempts.keys()],
    queues: () => [...attempts.values()].map(({ claim }) => claim.queue),
    /** Nothing, where the task is not in hand. */
    stop(task: string, reason: StopReason) {
      attempts.get(task)?.stop(reason)
    },
    stopAll,

    /**
     * Takes back what has waited so long for a child and has not begun; from here on it is not in hand. The first ones
     * stay, as many as `kept`.
     */
    recall(milliseconds: number, kept = 0): Claim[] {
      const late = performance.now() - milliseconds
      const recalled = [...attempts.values().drop(kept)].filter(attempt => attempt.since <= late && attempt.recall())
      for (const { claim } of recalled) attempts.delete(claim.id)
      return recalled.map(({ claim }) => claim)
    },

    /** What begins from here on is stopped at once. */
    close() {
      closing = true
    },
    async ended() {
      await Promise.all([...attempts.values()].map(({ ended }) => ended))
    }
  }
}
