import { setTimeout as delay } from 'node:timers/promises'
import type { Bodies } from './bodies/bodies.ts'
import type { Books } from './books/books.ts'
import type { fireSchedules } from './fire.ts'
import type { Intake } from './intake/intake.ts'

interface StoppingOptions {
  intake: Pick<Intake, 'stop'>
  bodies: { desk: Pick<Bodies['desk'], 'close' | 'ended' | 'stopAll'> }
  books: Pick<Books, 'flush'> & { worker: Pick<Books['worker'], 'sayEnding'> }
  schedules: Pick<Awaited<ReturnType<typeof fireSchedules>>, 'stop'>
  /** Closes everything that is open. */
  close(): Promise<void>
}

/** How a worker comes to its end: nothing new, then what it runs, then what it is made of. */
export function stopping({ intake, bodies, books, schedules, close }: StoppingOptions) {
  const { desk } = bodies
  let stopped: Promise<void> | undefined

  async function stop(graceSeconds: number) {
    desk.close()
    void books.worker.sayEnding().catch(() => {})
    // At once: what is still claimed would be stopped as it begins, handed back and claimed again.
    await Promise.all([intake.stop(), schedules.stop()])
    const grace = new AbortController()
    await Promise.race([desk.ended(), delay(graceSeconds * 1000, undefined, { signal: grace.signal }).catch(() => {})])
    grace.abort()
    desk.stopAll('shutdown')
    await desk.ended()
    await books.flush()
    await close()
  }

  /** Running attempts get so many seconds and are then handed back. Called again, it hands them back at once. */
  return function stopOnce(graceSeconds: number): Promise<void> {
    if (stopped) desk.stopAll('shutdown')
    stopped ??= stop(graceSeconds)
    return stopped
  }
}
