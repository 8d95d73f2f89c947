interface Needs {
  /** So long the database may be away while there is nothing to do. */
  seconds: number
  /** True while something runs that is worth to be waited for. */
  isBusy(): boolean
  /** Attempts that are over, and whose outcomes are not written yet. */
  held(): number
  onOver(sentence: string): void
}

/**
 * A worker that cannot reach its database for long says so and ends: whoever looks after it sees that something is
 * wrong, and a new one may find another way. What runs may still end, and its outcome is tried to be written for as
 * long again: the database may come back in time for it.
 */
export function patience({ seconds, isBusy, held, onOver }: Needs) {
  let answeredAt = Date.now()
  let idleSince = answeredAt
  let over = false

  return {
    answered() {
      answeredAt = Date.now()
      idleSince = answeredAt
    },
    /** Something has just ended. */
    ended() {
      idleSince = Date.now()
    },
    silent(error: Error) {
      const now = Date.now()
      if (isBusy()) idleSince = now
      if (over || now - idleSince < seconds * 1000) return
      over = true
      const lost = held()
      const tail = lost > 0 ? `; ${lost} outcomes could not be written, and those tasks are tried again` : ''
      onOver(
        `The database has not answered for ${Math.round((now - answeredAt) / 1000)} s (${error.message}): this worker gives up${tail}`
      )
    }
  }
}
