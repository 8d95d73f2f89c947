import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { dueLoop } from '#database/due-loop.ts'
import { promote } from '#tasks/upkeep/promote.ts'
import type { Voice } from '#tasks/voice.ts'

interface PromoterOptions {
  pool: Pool
  voice: Voice
  log: Logger
}

/** Moves delayed tasks to their queues when they are due. */
export function promoter({ pool, voice, log }: PromoterOptions) {
  return dueLoop({
    async look() {
      const { queues, next } = await promote(pool)
      if (queues.length > 0) voice.wake(...queues)
      return { moved: queues.length > 0, next }
    },
    onError: error => log.debug({ err: error }, 'delayed tasks could not be moved to their queues; retrying')
  })
}
