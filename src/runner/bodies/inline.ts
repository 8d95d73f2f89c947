import { AsyncLocalStorage } from 'node:async_hooks'
import type { Database } from '#database/connect.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import { abortReason, failure, runBody } from '../children/body.ts'
import type { Attempt, AttemptOptions } from './attempt.ts'
import { endingOf } from './ending-of.ts'
import { misfit } from './fit.ts'
import { lastMoment } from './last-moment.ts'
import { stopper } from './limits.ts'

interface RunInlineOptions extends AttemptOptions {
  db: Database
}

/** Fails the attempt whose body a callback belongs to. */
const failing = new AsyncLocalStorage<((error: unknown) => void) | undefined>()

/**
 * An uncaught error, as in a timer, ends a process with all its attempts. Node knows the body that a callback belongs
 * to, so only that attempt fails; an error outside of all bodies ends the process as usual.
 */
export function failBodiesAlone() {
  function onUncaught(error: unknown) {
    const fail = failing.getStore()
    if (!fail) return
    process.once('uncaughtException', () => {})
    fail(error)
  }
  process.on('uncaughtExceptionMonitor', onUncaught)
  return { close: () => void process.off('uncaughtExceptionMonitor', onUncaught) }
}

/**
 * Runs a task in the worker's own event loop. The body has the database and cannot be killed: one that does not end in
 * time is given up. Its code may still run, but its attempt is over, and its result and reports are ignored.
 */
export function runInline(claim: Claim, kind: Kind, options: RunInlineOptions): Attempt {
  const { db, limits, tail, onBegin, onProgress } = options
  const onLog = (line: string) => {
    tail.add(`${line}\n`)
    options.onLog(line)
  }
  const controller = new AbortController()
  const last = lastMoment()
  let over = false
  const startedAt = new Date()

  const stops = stopper({
    limits,
    // Listeners belong to the body, although this call does not.
    abort: reason => failing.run(fail, () => controller.abort(abortReason(reason))),
    cut: reason => !over && last.set(reason)
  })

  function fail(error: unknown) {
    onLog(`an uncaught error would have ended the worker: ${failure(error).error.message}`)
    last.breakOff(failure(error))
    controller.abort(error)
  }

  /** Ignores reports of a body whose attempt is over. */
  function hear(call: () => void) {
    if (!over) failing.run(undefined, call)
  }

  const context = {
    id: claim.id,
    attempt: claim.attempt,
    signal: controller.signal,
    progress: (fraction: number, detail: unknown) =>
      hear(() => {
        stops.progressed()
        onProgress(fraction, detail)
      }),
    log: (line: string) => hear(() => onLog(line)),
    traceparent: options.traceparent,
    db
  }

  async function live() {
    const end = misfit(claim, kind) ?? (await run())
    over = true
    stops.clear()
    last.clear()
    if (end.type === 'given_up') onLog('the body did not end in time and was given up; its result is ignored')
    return endingOf(end, { claim, kind, tail, startedAt, reason: stops.reason() })
  }

  function run() {
    onBegin()
    stops.begin()
    return Promise.race([failing.run(fail, () => runBody(kind, claim.args, context)), last.passed])
  }

  const { stop, reason } = stops
  return { claim, since: performance.now(), ended: live(), stop, reason, recall: async () => false }
}
