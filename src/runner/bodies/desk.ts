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
      const before = attempts.get(attempt.claim.id)
      // Postgres has crashed and forgotten the claim of the one before.
      if (before?.claim.attempt === attempt.claim.attempt) before.stop('forgotten')
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
    held: () => [...attempts.values()],
    /** Does nothing where the task is not in hand, or another attempt of it. */
    stop(task: string, reason: StopReason, of = attempts.get(task)) {
      if (attempts.get(task) === of) of?.stop(reason)
    },
    stopAll,

    /**
     * Takes back attempts that have waited so long for a child and have not started; the first `kept` of them stay. They
     * are in hand until `release`.
     */
    async recall(milliseconds: number, kept = 0): Promise<Claim[]> {
      const late = performance.now() - milliseconds
      const asked = [...attempts.values().drop(kept)].filter(({ since }) => since <= late)
      const answers = await Promise.all(asked.map(attempt => attempt.recall()))
      return asked.filter((_, place) => answers[place]).map(({ claim }) => claim)
    },
    release(claims: Claim[]) {
      for (const claim of claims) if (attempts.get(claim.id)?.claim === claim) attempts.delete(claim.id)
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

export type Desk = ReturnType<typeof openDesk>
