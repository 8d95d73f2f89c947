import type { Logger } from 'pino'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/attempts/ending.ts'

/** One log line per attempt: a warning where the task has failed for good. */
export function logEnd(log: Logger, claim: Claim, { outcome, error, stack, next, started_at }: Ending) {
  const { id, task: kind, attempt, request_id } = claim
  const { video_id } = (claim.args ?? {}) as { video_id?: unknown }
  const line = {
    task: id,
    kind,
    attempt,
    outcome,
    error: error && { ...error, stack },
    seconds: (Date.now() - started_at.getTime()) / 1000,
    video_id: typeof video_id === 'string' ? video_id : undefined,
    request_id: request_id ?? undefined
  }
  if (next.state === 'FAILURE') log.warn(line, 'task failed')
  else log.info(line, 'attempt ended')
}
