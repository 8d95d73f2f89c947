import type { Database } from '#database/connect.ts'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import { type Attempt, judge, settingsOf } from './attempt.ts'
import { abortReason, runBody } from './children/body.ts'
import type { StopReason } from './children/protocol.ts'
import { misfit } from './fit.ts'

interface Needs {
  worker: string
  db: Database
  onProgress(fraction: number, detail: unknown): void
  onLog(line: string): void
}

/** Runs a task in the worker's own event loop. It has the database, and nobody can kill it: it must be short. */
export function runInline(claim: Claim, kind: Kind, { worker, db, onProgress, onLog }: Needs): Attempt {
  const controller = new AbortController()
  let reason: StopReason | undefined
  const started_at = new Date()

  async function live() {
    const end =
      misfit(claim, kind) ??
      (await runBody(kind, claim.args, {
        id: claim.id,
        attempt: claim.attempt,
        signal: controller.signal,
        progress: onProgress,
        log: onLog,
        db
      }))
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
      controller.abort(abortReason(next))
    }
  }
}
