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
  let idleSince = performance.now()
  let over = false

  return {
    /** It answers; or something has just ended, whose outcome is to be written. */
    beginAnew() {
      idleSince = performance.now()
    },
    silent(error: Error) {
      const now = performance.now()
      if (isBusy()) idleSince = now
      if (over || now - idleSince < seconds * 1000) return
      over = true
      onOver(
        `The database could not be reached for ${seconds} s (${error.message}): this worker gives up${unwritten(held())}`
      )
    }
  }
}

function unwritten(outcomes: number) {
  if (outcomes === 0) return ''
  if (outcomes === 1) return '; 1 outcome could not be written, and its task is tried again'
  return `; ${outcomes} outcomes could not be written, and their tasks are tried again`
}
