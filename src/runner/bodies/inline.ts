import type { Database } from '#database/connect.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import { abortReason, failure, runBody } from '../children/body.ts'
import type { Attempt, AttemptOptions } from './attempt.ts'
import { endingOf } from './ending-of.ts'
import { misfit } from './fit.ts'
import { lastMoment } from './last-moment.ts'
import { stopper } from './limits.ts'
import { failingWith } from './uncaught.ts'

interface RunInlineOptions extends AttemptOptions {
  db: Database
}

/**
 * Runs a task in the worker's own event loop. The body has the database and cannot be killed: one that does not end in
 * time is given up. Its code may still run, but its attempt is over, and its result and reports are ignored.
 */
export function runInline(claim: Claim, kind: Kind, options: RunInlineOptions): Attempt {
  const { db, limits, tail, traceparent, onBegin, onProgress } = options
  const controller = new AbortController()
  const last = lastMoment()
  const ear = openEar(options)
  const startedAt = new Date()

  const stops = stopper({
    limits,
    // Listeners belong to the body, although this call does not.
    abort: reason => failingWith(fail, () => controller.abort(abortReason(reason))),
    cut: reason => ear.isOpen() && last.set(reason)
  })

  function fail(error: unknown) {
    ear.note(`an uncaught error would have ended the worker: ${failure(error).error.message}`)
    last.breakOff(failure(error))
    controller.abort(error)
  }

  function report(fraction: number, detail: unknown) {
    stops.progressed()
    onProgress(fraction, detail)
  }

  const context = {
    id: claim.id,
    attempt: claim.attempt,
    signal: controller.signal,
    progress: (fraction: number, detail: unknown) => ear.hear(() => report(fraction, detail)),
    log: (line: string) => ear.hear(() => ear.note(line)),
    traceparent,
    db
  }

  async function live() {
    const end = misfit(claim, kind) ?? (await run())
    ear.close()
    stops.clear()
    last.clear()
    if (end.type === 'given_up') ear.note('the body did not end in time and was given up; its result is ignored')
    return endingOf(end, { claim, kind, tail, startedAt, reason: stops.reason() })
  }

  function run() {
    onBegin()
    stops.begin()
    return Promise.race([failingWith(fail, () => runBody(kind, claim.args, context)), last.passed])
  }

  const { stop, reason } = stops
  return { claim, since: performance.now(), ended: live(), stop, reason, recall: async () => false }
}

/** Hears what a body says until its attempt is over: a body that was given up may say more. */
function openEar({ tail, onLog }: AttemptOptions) {
  let open = true
  return {
    isOpen: () => open,
    close() {
      open = false
    },
    hear(call: () => void) {
      if (open) failingWith(undefined, call)
    },
    /** Keeps a line of the body, or one of the worker about it. */
    note(line: string) {
      tail.add(`${line}\n`)
      onLog(line)
    }
  }
}
