import type { Claim } from '#tasks/attempts/claim.ts'
import { defaults, type Kind, type RetrySettings } from '#tasks/define.ts'
import type { Ending } from '#tasks/endings/ending.ts'
import { afterCrash, afterFailure, afterOutage } from '#tasks/endings/retry-policy.ts'
import type { Exit } from '../children/exit.ts'
import type { OwnMemory } from '../children/own-memory.ts'
import type { Failure, StopReason, Success } from '../children/protocol.ts'

/** An inline body that did not end in time: it cannot be killed, so its attempt ends without it. */
export interface GivenUp {
  type: 'given_up'
}

/** How a body ended; inline bodies have no memory of their own. */
export type End = ((Success | Failure) & Partial<OwnMemory>) | Exit | GivenUp

type Verdict = Pick<Ending, 'outcome' | 'is_outage' | 'result' | 'error' | 'stack' | 'next'>

/** The outcome of an attempt, and the next state of its task. */
export function judge(end: End, reason: StopReason | undefined, claim: Claim, kind: Kind | undefined): Verdict {
  // A success counts also after a request to stop.
  if (end.type === 'success' && reason !== 'lost' && reason !== 'forgotten') {
    return { outcome: 'success', result: end.result, next: { state: 'SUCCESS' } }
  }
  const settings = settingsOf(claim, kind)
  if (reason !== undefined) return judgeStopped(reason, end, claim, settings)
  if (end.type === 'exit') return judgeExit(end, claim)
  return judgeFailure(end as Failure, claim, settings)
}

/** Of an attempt that the worker has stopped. */
function judgeStopped(reason: StopReason, end: End, claim: Claim, settings: RetrySettings): Verdict {
  switch (reason) {
    case 'cancelled':
      return {
        outcome: 'cancelled',
        error: { type: 'cancelled', message: 'It was cancelled while it ran' },
        next: { state: 'REVOKED' }
      }
    case 'time_limit':
      return {
        outcome: 'time_limit',
        error: { type: 'TimeLimit', message: `It ran longer than its time limit and ${how(end)}` },
        next: afterFailure(claim.failures, settings)
      }
    case 'stalled':
      return {
        outcome: 'stalled',
        error: { type: 'Stalled', message: `It made no progress for longer than its stall limit and ${how(end)}` },
        next: afterFailure(claim.failures, settings)
      }
    case 'soft_time_limit':
      return {
        outcome: 'soft_time_limit',
        error: { type: 'SoftTimeLimit', message: 'It ran longer than its soft time limit' },
        next: afterFailure(claim.failures, settings)
      }
    case 'shutdown':
    case 'lost':
    case 'forgotten':
      return triedAgain('Its worker was stopped; it is tried again')
    case 'not_loaded':
      return { outcome: 'crashed', ...afterCrash(claim.crashes, 'Its module was not loaded in time') }
  }
}

/** Of an attempt whose process has ended. */
function judgeExit(end: Exit, claim: Claim): Verdict {
  if (end.isForAnother) return triedAgain('Its process was ended because of another attempt; it is tried again')
  const last = end.signal ? `signal ${end.signal}` : `exit code ${end.exit_code}`
  return { outcome: 'crashed', ...afterCrash(claim.crashes, `Its process ended with ${last}`) }
}

/** Of a body that has thrown. */
function judgeFailure(failure: Failure, claim: Claim, settings: RetrySettings): Verdict {
  const { error, stack, retry, retry_after, outage } = failure
  if (outage) return { outcome: 'failure', is_outage: true, stack, ...afterOutage(claim.outages, error) }
  return {
    outcome: error.type === 'Stalled' ? 'stalled' : 'failure',
    error,
    stack,
    next: retry ? afterFailure(claim.failures, settings, retry_after) : { state: 'FAILURE' }
  }
}

function triedAgain(message: string): Verdict {
  return { outcome: 'shutdown', error: { type: 'shutdown', message }, next: { state: 'RETRY', delay: 0 } }
}

/** Whether the body ended by itself within its grace period. */
function how(end: End) {
  if (end.type === 'given_up') return 'was given up: what runs in the worker itself cannot be killed'
  return end.type === 'exit' && end.signal !== null ? 'was killed' : 'ended when it was told to'
}

/** Retry settings of the submission, else of the kind. */
function settingsOf(claim: Claim, kind: Kind | undefined): RetrySettings {
  const { max_retries, retry_delay, retry_backoff, retry_backoff_max, retry_jitter } = claim
  const given = Object.entries({ max_retries, retry_delay, retry_backoff, retry_backoff_max, retry_jitter })
  return { ...defaults, ...kind, ...Object.fromEntries(given.filter(([, value]) => value !== null)) }
}
