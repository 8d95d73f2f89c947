import type { Pool } from 'pg'
import { announcer } from '#database/notify.ts'
import { type Enqueued, queueToWake, timeToStart } from '#tasks/submit/enqueue.ts'
import { channels } from './channels.ts'

/**
 * Notifies other processes of what this one has just committed; never inside a transaction. A process with an expirer
 * passes `onDeadline`, which then gets this process's new deadlines instead of a NOTIFY.
 */
export function voiceOf(pool: Pool, onDeadline?: (milliseconds: number) => void) {
  const wake = announcer(pool, channels.wake)
  const changed = announcer(pool, channels.changed)
  const cancel = announcer(pool, channels.cancel)
  const steer = announcer(pool, channels.steer)
  const deadline = announcer(pool, channels.deadline)
  const onTime = onDeadline ?? (milliseconds => deadline.say(String(milliseconds)))
  return {
    /** These tasks are committed. */
    enqueued(tasks: Enqueued[]) {
      wake.say(...tasks.map(queueToWake))
      this.expected(tasks)
    },
    /** They are committed, and their workers were woken by the commit. */
    expected(tasks: Enqueued[]) {
      for (const task of tasks) {
        const left = timeToStart(task)
        if (left !== null) onTime(left)
      }
    },
    wake: (...queues: string[]) => wake.say(...queues),
    changed: (...ids: string[]) => changed.say(...ids),
    cancel: (...ids: string[]) => cancel.say(...ids),
    steer: (...workers: string[]) => steer.say(...workers),
    async flush() {
      await Promise.all([wake, changed, cancel, steer, deadline].map(each => each.flush()))
    }
  }
}

export type Voice = ReturnType<typeof voiceOf>
