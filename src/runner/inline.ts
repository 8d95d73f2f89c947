import type { Database } from '#database/connect.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import { type Attempt, judge, settingsOf } from './attempt.ts'
import { abortReason, failure, runBody } from './children/body.ts'
import type { Failure, StopReason } from './children/protocol.ts'
import { misfit } from './fit.ts'
import type { InlineBodies, Owner } from './inline-bodies.ts'

interface Needs {
  worker: string
  db: Database
  bodies: InlineBodies
  onProgress(fraction: number, detail: unknown): void
  onLog(line: string): void
}

/** Runs a task in the worker's own event loop. It has the database, and nobody can kill it: it must be short. */
export function runInline(claim: Claim, kind: Kind, { worker, db, bodies, onProgress, onLog }: Needs): Attempt {
  const controller = new AbortController()
  const { promise: brokenOff, resolve: breakOff } = Promise.withResolvers<Failure>()
  let reason: StopReason | undefined
  let over = false
  const started_at = new Date()
  const owner: Owner = {
    task: claim.id,
    fail(error) {
      breakOff(failure(error))
      controller.abort(error)
    }
  }

  /** What it still says after its attempt is over is heard by nobody. */
  function hear(call: () => void) {
    if (!over) bodies.outside(call)
  }

  function body() {
    return runBody(kind, claim.args, {
      id: claim.id,
      attempt: claim.attempt,
      signal: controller.signal,
      progress: (fraction, detail) => hear(() => onProgress(fraction, detail)),
      log: line => hear(() => onLog(line)),
      db
    })
  }

  async function live() {
    const end = misfit(claim, kind) ?? (await Promise.race([bodies.run(owner, body), brokenOff]))
    over = true
    const { id, queue, place, attempt } = claim
    return { id, queue, place, attempt, worker, started_at, ...judge(end, reason, claim, settingsOf(claim, kind)) }
  }

  return {
    claim,
    since: performance.now(),
    ended: live(),
    recall: () => false,
    stop(next) {
      reason ??= next
      bodies.as(owner, () => controller.abort(abortReason(next)))
    }
  }
}
