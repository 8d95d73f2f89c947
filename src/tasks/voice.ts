import type { Pool } from 'pg'
import { announcer } from '#database/notify.ts'
import { channels } from './channels.ts'
import { type Enqueued, queueToWake } from './enqueue.ts'

/** How a process tells the others what it has just committed. Never inside a transaction. */
export function voiceOf(pool: Pool, onDeadline: (milliseconds: number) => void = () => {}) {
  const wake = announcer(pool, channels.wake)
  const changed = announcer(pool, channels.changed)
  const cancel = announcer(pool, channels.cancel)
  const steer = announcer(pool, channels.steer)
  return {
    /** These tasks are in. */
    enqueued(tasks: Enqueued[]) {
      wake.say(...tasks.map(queueToWake))
      this.expected(tasks)
    },
    /** They are in, and their workers know. */
    expected(tasks: Enqueued[]) {
      // By the database's clock alone: ours may be off.
      for (const { expires_at, created_at } of tasks)
        if (expires_at) onDeadline(expires_at.getTime() - created_at.getTime())
    },
    wake: (...queues: string[]) => wake.say(...queues),
    changed: (...ids: string[]) => changed.say(...ids),
    cancel: (...ids: string[]) => cancel.say(...ids),
    steer: (...workers: string[]) => steer.say(...workers),
    async flush() {
      await Promise.all([wake.flush(), changed.flush(), cancel.flush(), steer.flush()])
    }
  }
}

export type Voice = ReturnType<typeof voiceOf>
