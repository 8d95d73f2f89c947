import type { StopReason } from '../children/protocol.ts'
import { startTimer, type Timer } from './timer.ts'

export interface Limits {
  soft: number | undefined
  hard: number | undefined
  /** Seconds without a report of progress. */
  stall: number | undefined
  /** Seconds for the module, where the child has not loaded it yet. */
  load: number
}

interface StopperOptions {
  limits: Limits
  /** Tells the body, which may tidy up. */
  abort(reason: StopReason): void
  /** Ends it, whether or not it listens. */
  cut(reason: StopReason): void
}

/** Why an attempt is to stop, and the limits that may say so: the same wherever its body runs. */
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
    /** The first one counts, unless that was only a request. As a getter it would cost each attempt its own class. */
    reason: () => reason,
    stop,
    /** Its module is being loaded, which has a limit of its own. */
    loading() {
      clear()
      stopAfter(limits.load, 'not_loaded')
    },
    /** From here on it has all of its time. */
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
