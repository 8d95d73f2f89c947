import type { Logger } from 'pino'
import type { Shutdown } from '#workers/presence.ts'
import type { Bodies } from './bodies/bodies.ts'
import type { Books } from './books/books.ts'
import type { Intake } from './intake/intake.ts'

interface ShutDownOptions {
  intake: Intake
  bodies: Bodies
  books: Books
  log: Logger
  /** Requests this worker's end; does nothing where that is in progress. */
  end(why: string, code: 0): void
}

/** The shutdown in the worker's row: running tasks finish first (warm) or are stopped (cold). No new tasks by then. */
export async function shutDown(mode: Shutdown, { intake, bodies, books, log, end }: ShutDownOptions) {
  if (mode === 'cold') bodies.desk.stopAll('shutdown')
  else {
    log.info('told to end: takes no new tasks, and ends after its running ones')
    await intake.rest()
    await bodies.desk.ended()
    await books.flush()
  }
  end(`shut down (${mode})`, 0)
}
