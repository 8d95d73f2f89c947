import type { Bodies } from './bodies/bodies.ts'
import type { Books } from './books/books.ts'

interface PatienceOptions {
  /** Seconds without the database after which an idle worker ends. */
  seconds: number
  bodies: { desk: Pick<Bodies['desk'], 'size'> }
  books: Pick<Books, 'lastEntry' | 'unwritten'>
  end(sentence: string, code: 1): void
}

/**
 * A worker that cannot reach its database for long says so and ends: its supervisor notices, and a new worker may find
 * another route. Running attempts may still end, and their outcomes are retried for as long again, as the database may
 * come back.
 */
export function patience({ seconds, bodies, books, end }: PatienceOptions) {
  let idleSince = performance.now()
  let over = false

  return {
    answered() {
      idleSince = performance.now()
    },
    silent(error: Error) {
      const now = performance.now()
      idleSince = bodies.desk.size > 0 ? now : Math.max(idleSince, books.lastEntry())
      if (over || now - idleSince < seconds * 1000) return
      over = true
      const left = unwritten(books.unwritten().length)
      end(`The database could not be reached for ${seconds} s (${error.message}): this worker gives up${left}`, 1)
    }
  }
}

function unwritten(outcomes: number) {
  if (outcomes === 0) return ''
  if (outcomes === 1) return '; 1 outcome could not be written, and its task is tried again'
  return `; ${outcomes} outcomes could not be written, and their tasks are tried again`
}
