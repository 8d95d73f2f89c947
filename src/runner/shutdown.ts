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
  /** Asks for this worker to be stopped; nothing happens where that is under way. */
  end(why: string, code: 0): void
}

/** As the worker's row says: what it runs ends first (warm), or is cut short (cold). It takes nothing new by then. */
export async function shutDown(mode: Shutdown, { intake, bodies, books, log, end }: ShutDownOptions) {
  if (mode === 'cold') bodies.desk.stopAll('shutdown')
  else {
    log.info('told to end: takes nothing new, and ends when its running tasks have')
    await intake.rest()
    await bodies.desk.ended()
    await books.flush()
  }
  end(`shut down (${mode})`, 0)
}
