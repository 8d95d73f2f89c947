import type { Pool } from 'pg'
import { announcer } from '#database/notify.ts'
import { channels } from './channels.ts'

/** How a process tells the others what it has just committed. Never inside a transaction. */
export function voiceOf(pool: Pool) {
  const wake = announcer(pool, channels.wake)
  const changed = announcer(pool, channels.changed)
  const cancel = announcer(pool, channels.cancel)
  return {
    wake: (...queues: string[]) => wake.say(...queues),
    changed: (...ids: string[]) => changed.say(...ids),
    cancel: (...ids: string[]) => cancel.say(...ids),
    async flush() {
      await Promise.all([wake.flush(), changed.flush(), cancel.flush()])
    }
  }
}

export type Voice = ReturnType<typeof voiceOf>
