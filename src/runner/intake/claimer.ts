import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { gather } from '#database/batching.ts'
import { isLockWait, isOutage } from '#database/outage.ts'
import { type Claimed, claim, type Room } from '#tasks/attempts/claim.ts'
import { detour } from './detour.ts'

// Milliseconds. New work is announced; this poll is for a lost notification.
const backstop = 2_000
const firstPause = 100
const longestPause = 5_000
// Under a flood of submissions tasks are claimed in large batches: the submitting client waits for an answer, and the
// tasks wait anyway. The pause between two claims is for one child; with more children, which do more, it is shorter in
// proportion.
const longestGather = 30
// Postgres's limit for a statement: a claim whose connection broke may be committed so late.
const longestStatement = 30_000
// Rest after a claim that passes over much and gets nothing: a multiple of the claim's duration.
const restFactor = 4
const longestRest = 1_000
// Between two looks for house-keeping while every slot is taken.
const upkeepPause = 250

interface ClaimerOptions {
  pool: Pool
  log: Logger
  worker: { readonly id: string }
  /** Kinds that keep files by the number of their attempt. */
  keepers: readonly string[]
  /** Number of attempts side by side. */
  concurrency(): number
  /** Queues with room now, and the limit for all of them together. */
  rooms(): { rooms: Room[]; most: number }
  /** Kinds that may have room while others have none. */
  upkeep: { kinds: readonly string[]; rooms(): { rooms: Room[]; most: number } }
  begin(claimed: Claimed): void
  /** Tasks in these queues were left, because this worker does not know their kinds. */
  leave(kinds: string[], queues: string[]): void
  /** A claim may have been committed without an answer: finds its tasks before the next claim. */
  findUnknown(): Promise<void>
}

/** Claims tasks as long as there are some and there is room; one query at a time. */
export class Claimer {
  readonly #options: ClaimerOptions
  readonly #obstacles = detour()
  readonly #poll: NodeJS.Timeout
  #wanted = false
  #claiming: Promise<void> | undefined
  #stopped = false
  #inDoubtUntil = 0
  #askedAt: number | undefined
  #arriving = false
  #upkeepAt = Number.NEGATIVE_INFINITY
  #later: NodeJS.Timeout | undefined

  constructor(options: ClaimerOptions) {
    this.#options = options
    this.#poll = setInterval(() => this.wake(), backstop)
  }

  wake() {
    this.#wanted = true
    if (this.#stopped) return
    this.#claiming ??= this.#claimWhileWanted().finally(() => {
      this.#claiming = undefined
      // A wake-up may have come after the loop saw no room and before it was over.
      if (this.#wanted) this.wake()
    })
  }

  /** More submissions are coming in. */
  more() {
    this.#arriving = true
    this.wake()
  }

  /** Tasks may be claimed for this worker without its knowledge. */
  doubt() {
    this.#inDoubtUntil = performance.now() + longestStatement
    this.wake()
  }

  /** Milliseconds for which a claim query has had no response. */
  waiting() {
    return this.#askedAt === undefined ? 0 : performance.now() - this.#askedAt
  }

  /** No new work from here on; resolves when the last claim is answered. */
  async stop() {
    this.#stopped = true
    clearInterval(this.#poll)
    clearTimeout(this.#later)
    await this.#claiming
  }

  async #claimWhileWanted() {
    for (let pause = firstPause; this.#wanted && !this.#stopped; ) {
      try {
        // Also without room: a client may wait for just the task that this worker has without knowing it.
        if (performance.now() < this.#inDoubtUntil) await this.#options.findUnknown()
        this.#wanted = false
        await this.#claimOnce()
        pause = firstPause
      } catch (error) {
        this.#wanted = true
        this.#note(error)
        await delay(pause)
        pause = Math.min(pause * 2, longestPause)
      }
    }
  }

  async #claimOnce() {
    const { pool, worker, keepers, concurrency, begin } = this.#options
    const { rooms: free, most } = this.#options.rooms()
    if (most === 0 || free.length === 0) {
      this.#askedAt = undefined
      return this.#claimUpkeep()
    }
    this.#askedAt ??= performance.now()
    const over = this.#obstacles.over()
    const claimed = await claim(pool, { worker: worker.id, rooms: free, most, keepers }, over)
    const took = performance.now() - this.#askedAt
    this.#askedAt = undefined
    begin(claimed)
    const { claims, revoked, unknown } = claimed
    if (this.#obstacles.metKinds(unknown)) this.#leave(unknown, free)
    // The claim filled the room, so there may be more.
    if (claims.length + revoked.length === most) this.#wanted = true
    if (over.kinds.length > 0 && claims.length === 0) await delay(Math.min(took * restFactor, longestRest))
    else if (this.#arriving) await gather(claims.length, longestGather / concurrency())
    else if (!this.#wanted) await gather(claims.length)
    this.#arriving = false
  }

  #leave(kinds: string[], rooms: Room[]) {
    const queues = rooms.map(({ queue }) => queue)
    this.#options.leave(kinds, queues)
    this.#wanted = true
  }

  /** Without room for others. A busy worker is woken a thousand times a second, so not each time. */
  async #claimUpkeep() {
    const { pool, worker, keepers, upkeep, begin } = this.#options
    const { rooms: free, most } = upkeep.rooms()
    if (most === 0) return
    const left = this.#upkeepAt + upkeepPause - performance.now()
    if (left > 0) {
      this.#later ??= setTimeout(() => {
        this.#later = undefined
        this.wake()
      }, left)
      return
    }
    this.#upkeepAt = performance.now()
    begin(await claim(pool, { worker: worker.id, rooms: free, most, keepers, only: upkeep.kinds }))
  }

  #note(error: unknown) {
    const { log } = this.#options
    if (isLockWait(error)) {
      log.warn('another transaction holds a lock on a waiting task; other tasks are claimed before it')
      this.#obstacles.metLock()
    } else if (isOutage(error)) {
      this.#inDoubtUntil = performance.now() + longestStatement
      log.debug({ err: error }, 'the claim query failed: no response from the database; retrying')
    } else log.error({ err: error }, 'the claim query failed; retrying')
  }
}
