import type { StopReason } from '../children/protocol.ts'
import { startTimer, type Timer } from './timer.ts'

export interface Limits {
  soft: number | undefined
  hard: number | undefined
  /** Seconds without a report of progress. */
  stall: number | undefined
  /** Seconds for loading the module, where the child has not loaded it yet. */
  load: number
}

interface StopperOptions {
  limits: Limits
  /** Tells the body, which may clean up. */
  abort(reason: StopReason): void
  /** Ends the body, whether or not it handles the signal. */
  cut(reason: StopReason): void
}

/** Stop reasons and time limits of an attempt, the same for children and inline bodies. */
export function stopper({ limits, abort, cut }: StopperOptions) {
  let reason: StopReason | undefined
  let timers: Timer[] = []
  let stall: Timer | undefined

  function stop(next: StopReason) {
    if (next === 'soft_time_limit') {
      if (reason === undefined) abort(next)
      reason ??= next
      return
    }
    if (reason === undefined || reason === 'soft_time_limit') reason = next
    abort(next)
    cut(next)
  }

  function clear() {
    for (const timer of timers) timer.stop()
    timers = []
  }

  function stopAfter(seconds: number, reason: StopReason) {
    const timer = startTimer(seconds * 1000, () => stop(reason))
    timers.push(timer)
    return timer
  }

  return {
    /** The first reason counts, unless it was the soft limit. As a getter it would cost each attempt its own class. */
    reason: () => reason,
    stop,
    /** The child loads the module, which has a limit of its own. */
    loading() {
      clear()
      stopAfter(limits.load, 'not_loaded')
    },
    /** Starts the attempt's limits. */
    begin() {
      clear()
      if (limits.soft) stopAfter(limits.soft, 'soft_time_limit')
      if (limits.hard) stopAfter(limits.hard, 'time_limit')
      if (limits.stall) stall = stopAfter(limits.stall, 'stalled')
    },
    progressed() {
      stall?.restart()
    },
    clear
  }
}

export type Stopper = ReturnType<typeof stopper>
