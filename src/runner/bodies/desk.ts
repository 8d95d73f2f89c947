import type { Claim } from '#tasks/attempts/claim.ts'
import type { StopReason } from '../children/protocol.ts'
import type { Attempt } from './attempt.ts'

/** Attempts in hand: running ones, and short tasks that were claimed ahead and wait for a child. */
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
      // A lost attempt may end after the next attempt of the same task has started here.
      if (attempts.get(id) === attempt) attempts.delete(id)
    },
    get size() {
      return attempts.size
    },
    ids: () => [...attempts.keys()],
    queues: () => [...attempts.values()].map(({ claim }) => claim.queue),
    /** Does nothing where the task is not in hand. */
    stop(task: string, reason: StopReason) {
      attempts.get(task)?.stop(reason)
    },
    stopAll,

    /**
     * Takes back attempts that have waited so long for a child and have not started; they are no longer in hand. The
     * first `kept` of them stay.
     */
    recall(milliseconds: number, kept = 0): Claim[] {
      const late = performance.now() - milliseconds
      const recalled = [...attempts.values().drop(kept)].filter(attempt => attempt.since <= late && attempt.recall())
      for (const { claim } of recalled) attempts.delete(claim.id)
      return recalled.map(({ claim }) => claim)
    },

    /** Later attempts are stopped at once. */
    close() {
      closing = true
    },
    async ended() {
      await Promise.all([...attempts.values()].map(({ ended }) => ended))
    }
  }
}
