import { setTimeout as delay } from 'node:timers/promises'
import type { Bodies } from './bodies/bodies.ts'
import type { Books } from './books/books.ts'
import type { Clock } from './clock/clock.ts'
import type { Couriers } from './couriers.ts'
import type { Intake } from './intake/intake.ts'

interface StoppingOptions {
  intake: Pick<Intake, 'stop'>
  bodies: { desk: Pick<Bodies['desk'], 'close' | 'ended' | 'stopAll'> }
  books: Pick<Books, 'flush'> & { worker: Pick<Books['worker'], 'sayEnding'> }
  clock: Pick<Clock, 'stop'>
  couriers: Pick<Couriers, 'stop'>
  /** Closes everything that is open. */
  close(): Promise<void>
}

/** The order of a worker's stop: no new tasks, then running attempts, then connections. */
export function stopping({ intake, bodies, books, clock, couriers, close }: StoppingOptions) {
  const { desk } = bodies
  let stopped: Promise<void> | undefined

  async function stop(graceSeconds: number) {
    desk.close()
    void books.worker.sayEnding().catch(() => {})
    // Together: a task claimed in between would be stopped at its start, handed back and claimed again.
    await Promise.all([intake.stop(), clock.stop()])
    const grace = new AbortController()
    await Promise.race([desk.ended(), delay(graceSeconds * 1000, undefined, { signal: grace.signal }).catch(() => {})])
    grace.abort()
    desk.stopAll('shutdown')
    await desk.ended()
    await books.flush()
    await couriers.stop()
    await close()
  }

  /** Running attempts get so many seconds and are then handed back. A second call hands them back at once. */
  return function stopOnce(graceSeconds: number): Promise<void> {
    if (stopped) desk.stopAll('shutdown')
    stopped ??= stop(graceSeconds)
    return stopped
  }
}
