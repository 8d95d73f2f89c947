import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/attempts/ending.ts'
import { afterCrash, afterFailure, afterOutage } from '#tasks/attempts/retry-policy.ts'
import { defaults, type Kind, type RetrySettings } from '#tasks/define.ts'
import type { Child, Exit } from './children/child-process.ts'
import type { ChildPool } from './children/pool.ts'
import type { Failure, Finished, StopReason } from './children/protocol.ts'
import { misfit } from './fit.ts'
import { type Limits, stopper } from './limits.ts'

export interface Attempt {
  claim: Claim
  /** When it was claimed, in milliseconds of a clock that nobody sets. */
  since: number
  /** Resolves when nothing of the attempt runs any more, or when it was given up. */
  ended: Promise<Ending>
  /** Tells it to stop; the first reason is the one that counts. */
  stop(reason: StopReason): void
  /** Takes it back if it has not begun: true, and it never will. Its end is not told then. */
  recall(): boolean
}

interface Needs {
  worker: string
  children: ChildPool
  limits: Limits
  onProgress(fraction: number, detail: unknown): void
  onLog(line: string): void
}

/** What nobody can kill, and nobody waits for any more. */
export interface GivenUp {
  type: 'given_up'
}

/** Runs a claimed task in a child process, from its start to the last of its processes. */
export function runInChild(
  claim: Claim,
  kind: Kind | undefined,
  { worker, children, limits, onProgress, onLog }: Needs
): Attempt {
  let child: Child | undefined
  let recalled = false
  const waiting = new AbortController()
  let startedAt = new Date()
  const stops = stopper({
    limits,
    abort: reason => child?.abort(reason),
    cut(reason) {
      waiting.abort(reason)
      void child?.stop()
    }
  })

  function recall() {
    if (child || stops.reason() !== undefined) return false
    recalled = true
    waiting.abort('recalled')
    return true
  }

  async function live(): Promise<Ending> {
    const wrong = misfit(claim, kind)
    if (wrong) return ending(wrong)
    try {
      const taken = await children.take(waiting.signal)
      if (recalled) {
        children.give(taken)
        return never
      }
      child = taken
    } catch (error) {
      if (recalled) return never
      return ending({ type: 'exit', exit_code: null, signal: null, peak_memory: null, stderr: String(error) })
    }
    if (stops.reason() !== undefined) {
      children.give(child)
      return ending({ type: 'exit', exit_code: null, signal: null, peak_memory: null, stderr: '' })
    }

    // From here on, for a body that never lets its process say that it has begun; and anew when it does.
    startedAt = new Date()
    stops.begin()
    const source = { task: claim.task, file: kind?.file }
    const end = await child.run(
      { type: 'run', ...source, id: claim.id, args: claim.args, attempt: claim.attempt },
      {
        loading: stops.loading,
        started(at) {
          startedAt = at
          stops.begin()
        },
        progress(fraction, detail) {
          stops.progressed()
          onProgress(fraction, detail)
        },
        log: onLog
      }
    )
    stops.clear()
    // What takes its process down as it is loaded must not be the first thing that the next one does.
    if (end.type !== 'exit') children.remember(source)
    if (end.type !== 'exit' && end.started_at !== undefined) startedAt = new Date(end.started_at)
    // What a failure has printed is in another pipe by now, and read within the next turn: this one may have begun before.
    if (end.type === 'failure') {
      await nextTurn()
      await nextTurn()
    }
    // Whatever it had started must be gone before anybody is told that it is over.
    const left = end.type === 'failure' && (await child.hasLeftovers())
    const cut = stops.reason() !== undefined && stops.reason() !== 'soft_time_limit'
    if (left || cut || end.type === 'exit') await child.stop()
    children.give(child)
    return ending(end, child.tail)
  }

  function ending(end: Finished | Exit, stderr = end.type === 'exit' ? end.stderr : ''): Ending {
    const facts = {
      id: claim.id,
      queue: claim.queue,
      place: claim.place,
      attempt: claim.attempt,
      worker,
      started_at: startedAt,
      exit_code: end.type === 'exit' ? end.exit_code : null,
      signal: end.type === 'exit' ? end.signal : null,
      peak_memory: end.peak_memory,
      stderr: stderr.toWellFormed().replaceAll('\0', '') || null
    }
    return { ...facts, ...judge(end, stops.reason(), claim, settingsOf(claim, kind)) }
  }

  return { claim, since: performance.now(), ended: live(), stop: stops.stop, recall }
}

/** What nobody waits for any more. */
const never = new Promise<never>(() => {})

/** What an attempt's end means for its task. */
export function judge(
  end: Finished | Exit | GivenUp,
  reason: StopReason | undefined,
  claim: Pick<Claim, 'failures' | 'crashes' | 'outages'>,
  settings: RetrySettings
): Pick<Ending, 'outcome' | 'result' | 'error' | 'next'> {
  // A body that still came to its end in time has the last word.
  if (end.type === 'success' && reason !== 'lost')
    return { outcome: 'success', result: end.result, next: { state: 'SUCCESS' } }

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
      return {
        outcome: 'shutdown',
        error: { type: 'shutdown', message: 'Its worker was stopped; it is tried again' },
        next: { state: 'RETRY', delay: 0 }
      }
    case 'not_loaded':
      return { outcome: 'crashed', ...afterCrash(claim.crashes, 'Its module was not loaded in time') }
  }

  if (end.type === 'exit') {
    const last = end.signal ? `signal ${end.signal}` : `exit code ${end.exit_code}`
    return { outcome: 'crashed', ...afterCrash(claim.crashes, `Its process ended with ${last}`) }
  }
  const { error, retry, retry_after, outage } = end as Failure
  if (outage) return { outcome: 'outage', ...afterOutage(claim.outages, error) }
  return {
    outcome: error.type === 'Stalled' ? 'stalled' : 'failure',
    error,
    next: retry ? afterFailure(claim.failures, settings, retry_after) : { state: 'FAILURE' }
  }
}

/** A body that was told to stop has a moment for it, and may use it. */
function how(end: Finished | Exit | GivenUp) {
  if (end.type === 'given_up') return 'was given up: what runs in the worker itself cannot be killed'
  return end.type === 'exit' && end.signal !== null ? 'was killed' : 'ended when it was told to'
}

/** The retry settings that the caller has given; the others are the kind's. */
export function settingsOf(claim: Claim, kind: Kind | undefined): RetrySettings {
  const { max_retries, retry_delay, retry_backoff, retry_backoff_max, retry_jitter } = claim
  const said = Object.entries({ max_retries, retry_delay, retry_backoff, retry_backoff_max, retry_jitter })
  return { ...defaults, ...kind, ...Object.fromEntries(said.filter(([, value]) => value !== null)) }
}
