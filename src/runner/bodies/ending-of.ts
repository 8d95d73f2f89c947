import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import type { Ending } from '#tasks/endings/ending.ts'
import type { Tail } from '#tasks/log/tail.ts'
import type { StopReason } from '../children/protocol.ts'
import { type End, judge } from './judge.ts'

interface Ended {
  claim: Claim
  kind: Kind
  tail: Tail
  startedAt: Date
  /** Why it was stopped, if it was. */
  reason: StopReason | undefined
}

/** What the books write of an attempt, whether it ran in a child or inline. */
export function endingOf(end: End, { claim, kind, tail, startedAt, reason }: Ended): Ending {
  const { error, stack, ...verdict } = judge(end, reason, claim, kind)
  return {
    id: claim.id,
    queue: claim.queue,
    place: claim.place,
    attempt: claim.attempt,
    worker: claim.worker,
    started_at: startedAt,
    exit_code: end.type === 'exit' ? end.exit_code : null,
    signal: end.type === 'exit' ? end.signal : null,
    peak_memory: end.type === 'given_up' ? null : (end.peak_memory ?? null),
    stderr: tail.text || null,
    ...verdict,
    ...(error && { error: { ...error, message: tail.redact(error.message) } }),
    ...(stack !== undefined && { stack: tail.redact(stack) })
  }
}
