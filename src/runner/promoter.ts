import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { expire } from '#tasks/expire.ts'
import { promote } from '#tasks/promote.ts'

// The next due task is known, so this is only for the one that was put in without telling us.
const backstop = 5_000
const afterTrouble = 1_000
// Most of what may expire has long been done, so it is not worth more than a look a second.
const betweenExpiries = 1_000

interface Needs {
  pool: Pool
  log: Logger
  onDue(queues: string[]): void
  onExpired(ids: string[]): void
}

/** Wakes when the next delayed task is due and hands it to its queue, and revokes what waits longer than it may. */
export function promoter({ pool, log, onDue, onExpired }: Needs) {
  let seen: string | null = null
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let again = false
  let stopped = false

  async function look() {
    let pause = backstop
    do {
      again = false
      try {
        const { queues, next } = await promote(pool)
        if (queues.length > 0) onDue(queues)
        const expired = await expire(pool, seen)
        seen = expired.seen
        if (expired.revoked.length > 0) onExpired(expired.revoked)
        pause = Math.min(backstop, inMilliseconds(next), Math.max(inMilliseconds(expired.next), betweenExpiries))
      } catch (error) {
        log.debug({ err: error }, 'delayed tasks could not be looked at')
        pause = afterTrouble
      }
    } while (again && !stopped)
    if (!stopped) timer = setTimeout(wake, pause)
  }

  /** Call it when a delayed task came in that may be due before the ones we know of. */
  function wake() {
    clearTimeout(timer)
    if (stopped) return
    again = true
    looking ??= look().finally(() => {
      looking = undefined
    })
  }

  wake()
  return {
    wake,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
    }
  }
}

function inMilliseconds(seconds: number | null) {
  return seconds === null ? Number.POSITIVE_INFINITY : Math.max(Math.ceil(seconds * 1000), 0)
}
