import type { Database } from '#database/connect.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import { type Attempt, type GivenUp, judge, settingsOf } from './attempt.ts'
import { abortReason, failure, runBody } from './children/body.ts'
import { graceful } from './children/child-process.ts'
import type { Failure } from './children/protocol.ts'
import { misfit } from './fit.ts'
import type { InlineBodies, Owner } from './inline-bodies.ts'
import { type Limits, stopper } from './limits.ts'

interface Needs {
  worker: string
  db: Database
  bodies: InlineBodies
  limits: Limits
  onProgress(fraction: number, detail: unknown): void
  onLog(line: string): void
}

/**
 * Runs a task in the worker's own event loop. It has the database, and nobody can kill it: it must be short. One that
 * does not end when it has to is given up: it may go on, but its attempt is over, and nothing that it does counts.
 */
export function runInline(claim: Claim, kind: Kind, needs: Needs): Attempt {
  const { worker, db, bodies, limits, onProgress, onLog } = needs
  const controller = new AbortController()
  const { promise: brokenOff, resolve: breakOff } = Promise.withResolvers<Failure | GivenUp>()
  let lastMoment: NodeJS.Timeout | undefined
  let over = false
  const started_at = new Date()
  const owner: Owner = {
    task: claim.id,
    fail(error) {
      breakOff(failure(error))
      controller.abort(error)
    }
  }

  const stops = stopper({
    limits,
    // Its listeners are called here and now, and are its own all the same.
    abort: reason => bodies.as(owner, () => controller.abort(abortReason(reason))),
    cut(reason) {
      // Out of time it has none left to tidy up: for that there is the soft limit.
      const wait = reason === 'time_limit' || reason === 'stalled' ? 0 : graceful
      if (!over) lastMoment ??= setTimeout(breakOff, wait, { type: 'given_up' })
    }
  })

  /** What it still says after its attempt is over is heard by nobody. */
  function hear(call: () => void) {
    if (!over) bodies.outside(call)
  }

  function body() {
    return runBody(kind, claim.args, {
      id: claim.id,
      attempt: claim.attempt,
      signal: controller.signal,
      progress: (fraction, detail) =>
        hear(() => {
          stops.progressed()
          onProgress(fraction, detail)
        }),
      log: line => hear(() => onLog(line)),
      db
    })
  }

  async function live() {
    const end = misfit(claim, kind) ?? (await start())
    over = true
    stops.clear()
    clearTimeout(lastMoment)
    if (end.type === 'given_up') onLog('its body does not end; from here on nothing that it does counts')
    const { id, queue, place, attempt } = claim
    const facts = { id, queue, place, attempt, worker, started_at }
    return { ...facts, ...judge(end, stops.reason(), claim, settingsOf(claim, kind)) }
  }

  function start() {
    stops.begin()
    return Promise.race([bodies.run(owner, body), brokenOff])
  }

  return { claim, since: performance.now(), ended: live(), stop: stops.stop, recall: () => false }
}
