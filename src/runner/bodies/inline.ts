import { AsyncLocalStorage } from 'node:async_hooks'
import type { Database } from '#database/connect.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import { abortReason, failure, runBody } from '../children/body.ts'
import { graceful } from '../children/child-process.ts'
import type { Failure } from '../children/protocol.ts'
import type { Attempt, AttemptOptions } from './attempt.ts'
import { misfit } from './fit.ts'
import { type GivenUp, judge } from './judge.ts'
import { stopper } from './limits.ts'

interface RunInlineOptions extends AttemptOptions {
  db: Database
}

/** Fails the attempt whose body a callback comes from. */
const failing = new AsyncLocalStorage<((error: unknown) => void) | undefined>()

/**
 * An error that nothing catches, as in a timer, ends a process and all that runs in it. Node knows which body a callback
 * comes from, so it fails that attempt instead; what comes from no body ends the process as usual.
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
 * Runs a task in the worker's own event loop. It has the database, and cannot be killed: a body that does not end when
 * it has to is given up. It may go on, but its attempt is over, and nothing that it does counts.
 */
export function runInline(claim: Claim, kind: Kind, options: RunInlineOptions): Attempt {
  const { worker, db, limits, onProgress, onLog } = options
  const controller = new AbortController()
  const { promise: brokenOff, resolve: breakOff } = Promise.withResolvers<Failure | GivenUp>()
  let lastMoment: NodeJS.Timeout | undefined
  let over = false
  const started_at = new Date()

  const stops = stopper({
    limits,
    // The listeners are the body's, although this call is not.
    abort: reason => failing.run(fail, () => controller.abort(abortReason(reason))),
    cut(reason) {
      // Out of time it has none left to tidy up: the soft limit is for that.
      const wait = reason === 'time_limit' || reason === 'stalled' ? 0 : graceful
      if (!over) lastMoment ??= setTimeout(breakOff, wait, { type: 'given_up' })
    }
  })

  function fail(error: unknown) {
    onLog(`an error that nothing catches would have ended the worker: ${failure(error).error.message}`)
    breakOff(failure(error))
    controller.abort(error)
  }

  /** What a body says after its attempt is over counts for nothing. */
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
    db
  }

  async function live() {
    const end = misfit(claim, kind) ?? (await run())
    over = true
    stops.clear()
    clearTimeout(lastMoment)
    if (end.type === 'given_up') onLog('its body does not end; from here on nothing that it does counts')
    const { id, queue, place, attempt } = claim
    return { id, queue, place, attempt, worker, started_at, ...judge(end, stops.reason(), claim, kind) }
  }

  function run() {
    stops.begin()
    return Promise.race([failing.run(fail, () => runBody(kind, claim.args, context)), brokenOff])
  }

  return { claim, since: performance.now(), ended: live(), stop: stops.stop, recall: () => false }
}
