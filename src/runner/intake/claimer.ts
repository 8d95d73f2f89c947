import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { gather } from '#database/gather.ts'
import { isOutage } from '#database/outage.ts'
import { type Claim, type Claimed, claim, type Room } from '#tasks/attempts/claim.ts'
import { isLockWait } from '#tasks/attempts/locked.ts'
import { detour } from './detour.ts'

// Somebody always tells us when there is work. This is for the one time that the message is lost.
const backstop = 2_000
const longestPause = 5_000
// While tasks pour in, they are taken in large gulps: whoever submits them waits for an answer, and they wait anyway.
// So many milliseconds pass between two for one child; for more children, who get through more, accordingly less.
const longestGulp = 80
// As long as Postgres lets a statement run: so late may a claim whose connection broke still be committed.
const longestStatement = 30_000
// Milliseconds between two claims that pass over much and get nothing: so many times as long as one took.
const restFactor = 4
const longestRest = 1_000

interface Needs {
  pool: Pool
  log: Logger
  worker(): string
  /** How many run side by side. */
  children(): number
  /** Where there is room now, and for how many in all. */
  rooms(): { rooms: Room[]; most: number }
  onClaim(claim: Claim): void
  onRevoked(ids: string[]): void
  /** Tasks that were left alone, because this worker does not know their kinds. */
  onUnknown(unknown: Claimed['unknown']): void
  /** A claim may have been committed without an answer: what it took is to be found before there is another. */
  onUncertain(): Promise<void>
}

/** Fetches work as soon as there is some and somebody is free; one question at a time is on its way. */
export function claimer({ pool, log, worker, children, rooms, onClaim, onRevoked, onUnknown, onUncertain }: Needs) {
  let wanted = false
  let asking: Promise<void> | undefined
  let stopped = false
  let uncertainUntil = 0
  const obstacles = detour()
  let askedAt: number | undefined
  let arriving = false
  const poll = setInterval(wake, backstop)

  function wake() {
    wanted = true
    if (!stopped) {
      asking ??= ask().finally(() => {
        asking = undefined
        // Somebody may have called when it had seen that there was no room, and was not over yet.
        if (wanted) wake()
      })
    }
  }

  async function ask() {
    for (let pause = 100; wanted && !stopped; ) {
      try {
        // Also when there is no room: what we have without knowing may be all that anybody waits for.
        if (performance.now() < uncertainUntil) await onUncertain()
        const { rooms: free, most } = rooms()
        if (most === 0 || free.length === 0) {
          askedAt = undefined
          wanted = false
          return
        }
        wanted = false
        askedAt ??= performance.now()
        const over = obstacles.over()
        const { claims, revoked, unknown } = await claim(pool, worker(), free, most, over)
        const took = performance.now() - askedAt
        askedAt = undefined
        for (const each of claims) onClaim(each)
        if (revoked.length > 0) onRevoked(revoked)
        if (obstacles.metKinds(unknown.kinds)) {
          onUnknown(unknown)
          wanted = true
        }
        // As many as we asked for: there may be more.
        if (claims.length + revoked.length === most) wanted = true
        if (over.kinds.length > 0 && claims.length === 0) await delay(Math.min(took * restFactor, longestRest))
        else if (arriving) await gather(claims.length, longestGulp / children())
        else if (!wanted) await gather(claims.length)
        arriving = false
        pause = 100
      } catch (error) {
        wanted = true
        if (isLockWait(error)) {
          log.warn('somebody holds a lock on a task that waits; others are taken before it')
          obstacles.metLock()
        } else if (isOutage(error)) {
          uncertainUntil = performance.now() + longestStatement
          log.debug({ err: error }, 'the database does not answer')
        } else log.error({ err: error }, 'claiming failed')
        await delay(pause)
        pause = Math.min(pause * 2, longestPause)
      }
    }
  }

  return {
    wake,
    /** More is coming in. */
    more() {
      arriving = true
      wake()
    },
    /** Something may be ours without our knowing. */
    doubt() {
      uncertainUntil = performance.now() + longestStatement
      wake()
    },
    /** Milliseconds that a question has been without an answer. */
    waiting: () => (askedAt === undefined ? 0 : performance.now() - askedAt),
    /** No new work from here on; resolves when the last answer is in. */
    async stop() {
      stopped = true
      clearInterval(poll)
      await asking
    }
  }
}
