import type { Logger } from 'pino'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/endings/ending.ts'
import { type AttemptTrace, marksOf } from './attempt-trace.ts'

/**
 * One line of the log for each attempt, with everything that tells why it failed: a warning where the task has failed for
 * good. Found by the id of the task or of its film, of the request, or of the trace.
 */
export function logEnd(log: Logger, claim: Claim, ending: Ending, trace: AttemptTrace) {
  const { outcome, error, stack, next, started_at } = ending
  const { id, task: kind, attempt } = claim
  const { video_id } = (claim.args ?? {}) as { video_id?: unknown }
  const line = {
    task: id,
    video_id: typeof video_id === 'string' ? video_id : undefined,
    kind,
    attempt,
    outcome,
    ms: Math.max(0, Date.now() - started_at.getTime()),
    ...marksOf(claim, trace),
    error: error && { ...error, stack }
  }
  if (next.state === 'FAILURE') log.warn(line, 'task failed')
  else log.info(line, 'attempt ended')
}
