import type { Logger } from 'pino'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import type { Redact } from '#tasks/log/redact.ts'
import { Tail } from '#tasks/log/tail.ts'
import type { Books } from '../books/books.ts'
import { traceAttempt } from './attempt-trace.ts'
import type { Desk } from './desk.ts'
import { logEnd } from './log-end.ts'
import type { StartAttempt } from './start-attempt.ts'

interface RunAttemptParts {
  start: StartAttempt
  desk: Desk
  books: Books
  redact: Redact
  log: Logger
}

/** Runs an attempt and has its ending written. Resolves with its milliseconds. */
export async function runAttempt(claim: Claim, kind: Kind, { start, desk, books, redact, log }: RunAttemptParts) {
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
  return ran
}
