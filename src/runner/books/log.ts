import type { Logger } from 'pino'
import type { Database } from '#database/connect.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Tail } from '#tasks/log/tail.ts'
import { writeLogs } from '#tasks/log/write.ts'

// Milliseconds. Shorter attempts are written with their endings alone.
const interval = 1_000

interface Followed {
  claim: Pick<Claim, 'id' | 'attempt'>
  tail: Tail
  /** Characters that are written; 0 where no row is. */
  written: number
  ended: boolean
}

interface LogWriterOptions {
  db: Database
  log: Logger
}

/** Writes what running attempts say once a second, for all of the worker together. */
export function logWriter({ db, log }: LogWriterOptions) {
  const followed = new Map<string, Followed>()
  let writing: Promise<void> | undefined
  let isLate = false
  const timer = setInterval(() => void write(), interval).unref()

  function write() {
    writing ??= writeChanged().finally(() => {
      writing = undefined
    })
    return writing
  }

  async function writeChanged() {
    const changed = [...followed.values()].filter(({ tail, written }) => tail.said > written)
    if (changed.length === 0) return
    const now = changed.map(({ tail: { said, text } }) => ({ said, tail: text }))
    try {
      await writeLogs(
        db,
        changed.map(({ claim: { id, attempt } }, place) => ({ task: id, attempt, ...now[place]! }))
      )
      isLate = false
      for (const [place, each] of changed.entries()) {
        each.written = now[place]!.said
        if (each.ended) followed.delete(keyOf(each.claim))
      }
    } catch (error) {
      const consequence = 'readers of running attempts get it late, or not at all if this worker ends meanwhile'
      log[isLate ? 'debug' : 'warn'](
        { err: error },
        `what attempts say could not be written; retrying each second: ${consequence}`
      )
      isLate = true
    }
  }

  return {
    follow(claim: Claim, tail: Tail) {
      followed.set(keyOf(claim), { claim, tail, written: 0, ended: false })
    },
    /** A row that is there gets the last lines, for those who follow it. */
    end(claim: Claim) {
      const each = followed.get(keyOf(claim))
      if (!each) return
      each.ended = true
      if (each.written === 0 || each.written === each.tail.said) followed.delete(keyOf(claim))
    },
    /** Takes as long as one write may wait for a lock, or twice that where one is under way. */
    async close() {
      clearInterval(timer)
      await writing
      await write()
    }
  }
}

function keyOf({ id, attempt }: Pick<Claim, 'id' | 'attempt'>) {
  return `${id} ${attempt}`
}
