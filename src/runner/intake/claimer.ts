import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { gather } from '#database/batching.ts'
import { isLockWait, isOutage } from '#database/outage.ts'
import { type Claimed, claim, type Room } from '#tasks/attempts/claim.ts'
import { detour } from './detour.ts'

// Milliseconds. New work is announced: this is for an announcement that was lost.
const backstop = 2_000
const firstPause = 100
const longestPause = 5_000
// While tasks pour in, they are claimed in large batches: the client that submits waits for an answer, and they wait
// anyway. This is the pause between two claims for one child; for more children, which do more, accordingly less.
const longestGather = 80
// As long as Postgres lets a statement run: so late may a claim whose connection broke still be committed.
const longestStatement = 30_000
// Milliseconds between two claims that pass over much and get nothing: so many times as long as one took.
const restFactor = 4
const longestRest = 1_000

interface ClaimerOptions {
  pool: Pool
  log: Logger
  worker: { readonly id: string }
  /** How many attempts run side by side. */
  concurrency(): number
  /** Where there is room now, and for how many in all. */
  rooms(): { rooms: Room[]; most: number }
  begin(claimed: Claimed): void
  /** Tasks in these queues were left alone, because this worker does not know their kinds. */
  leave(kinds: string[], queues: string[]): void
  /** A claim may have been committed without an answer: finds what it took before there is another. */
  findUnknown(): Promise<void>
}

/** Claims work as soon as there is some and there is room; one query at a time is on its way. */
export function claimer({ pool, log, worker, concurrency, rooms, begin, leave, findUnknown }: ClaimerOptions) {
  let wanted = false
  let claiming: Promise<void> | undefined
  let stopped = false
  let inDoubtUntil = 0
  const obstacles = detour()
  let askedAt: number | undefined
  let arriving = false
  const poll = setInterval(wake, backstop)

  function wake() {
    wanted = true
    if (stopped) return
    claiming ??= claimWhileWanted().finally(() => {
      claiming = undefined
      // A wake-up may have come when it had seen that there was no room, and was not over yet.
      if (wanted) wake()
    })
  }

  async function claimWhileWanted() {
    for (let pause = firstPause; wanted && !stopped; ) {
      try {
        // Also without room: what this worker has without knowing may be all that a client waits for.
        if (performance.now() < inDoubtUntil) await findUnknown()
        wanted = false
        await claimOnce()
        pause = firstPause
      } catch (error) {
        wanted = true
        note(error)
        await delay(pause)
        pause = Math.min(pause * 2, longestPause)
      }
    }
  }

  async function claimOnce() {
    const { rooms: free, most } = rooms()
    if (most === 0 || free.length === 0) {
      askedAt = undefined
      return
    }
    askedAt ??= performance.now()
    const over = obstacles.over()
    const claimed = await claim(pool, worker.id, free, most, over)
    const took = performance.now() - askedAt
    askedAt = undefined
    begin(claimed)
    const { claims, revoked, unknown } = claimed
    if (obstacles.metKinds(unknown)) {
      const queues = free.map(({ queue }) => queue)
      leave(unknown, queues)
      wanted = true
    }
    // As many as there was room for: there may be more.
    if (claims.length + revoked.length === most) wanted = true
    if (over.kinds.length > 0 && claims.length === 0) await delay(Math.min(took * restFactor, longestRest))
    else if (arriving) await gather(claims.length, longestGather / concurrency())
    else if (!wanted) await gather(claims.length)
    arriving = false
  }

  function note(error: unknown) {
    if (isLockWait(error)) {
      log.warn('another transaction holds a lock on a task that waits; other tasks are claimed before it')
      obstacles.metLock()
    } else if (isOutage(error)) {
      inDoubtUntil = performance.now() + longestStatement
      log.debug({ err: error }, 'the claim query failed: the database does not answer; trying again')
    } else log.error({ err: error }, 'the claim query failed; trying again')
  }

  return {
    wake,
    /** More tasks are coming in. */
    more() {
      arriving = true
      wake()
    },
    /** Tasks may be this worker's without its knowing. */
    doubt() {
      inDoubtUntil = performance.now() + longestStatement
      wake()
    },
    /** Milliseconds that a claim query has been without an answer. */
    waiting: () => (askedAt === undefined ? 0 : performance.now() - askedAt),
    /** No new work from here on; resolves when the last answer is in. */
    async stop() {
      stopped = true
      clearInterval(poll)
      await claiming
    }
  }
}
