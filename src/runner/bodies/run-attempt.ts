import type { Logger } from 'pino'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import type { redactor } from '#tasks/log/redact.ts'
import { Tail } from '#tasks/log/tail.ts'
import type { Books } from '../books/books.ts'
import { traceAttempt } from './attempt-trace.ts'
import type { openDesk } from './desk.ts'
import { logEnd } from './log-end.ts'
import type { attemptStarter } from './start-attempt.ts'

interface RunnerOptions {
  start: ReturnType<typeof attemptStarter>
  desk: ReturnType<typeof openDesk>
  books: Books
  log: Logger
  redact: ReturnType<typeof redactor>
  /** Called at the end of each attempt with its milliseconds. */
  ended(ran: number): void
}

/** Runs an attempt and has its ending written. */
export function attemptRunner({ start, desk, books, log, redact, ended }: RunnerOptions) {
  return async (claim: Claim, kind: Kind) => {
    const since = performance.now()
    const tail = new Tail(redact)
    const trace = traceAttempt(claim)
    let began = false
    const attempt = start(claim, kind, { tail, trace }, pid => {
      began = true
      trace.begins(pid)
      books.begun(claim, performance.now() - since)
      books.log.follow(claim, tail)
    })
    desk.add(attempt)
    const ending = await attempt.ended
    desk.remove(attempt)
    books.log.end(claim)
    trace.ends(ending)
    const ran = Date.now() - ending.started_at.getTime()
    if (attempt.reason() === 'forgotten') books.forget(claim)
    else {
      logEnd(log, claim, ending, trace)
      books.enter({ claim, kind, ending, ran: began ? ran : undefined })
    }
    ended(ran)
  }
}
