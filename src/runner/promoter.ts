import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { promote } from '#tasks/upkeep/promote.ts'

// The next due task is known, so this is only for the one that was put in without telling us.
const backstop = 5_000
const afterTrouble = 1_000
// Something is due and somebody holds a lock on it: another worker for a moment, or a person for an hour.
const whileHeld = 200

interface Needs {
  pool: Pool
  log: Logger
  onDue(queues: string[]): void
}

/** Wakes when the next delayed task is due and hands it to its queue. */
export function promoter({ pool, log, onDue }: Needs) {
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
        if (next === null) pause = backstop
        else if (next <= 0 && queues.length === 0) pause = whileHeld
        else pause = Math.min(backstop, Math.max(0, Math.ceil(next * 1000)))
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
