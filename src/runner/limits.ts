import type { StopReason } from './children/protocol.ts'

export interface Limits {
  soft: number | undefined
  hard: number | undefined
  /** Seconds without a report of progress. */
  stall: number | undefined
  /** Seconds for its module, where the child has not loaded that yet. */
  load: number
}

interface Needs {
  limits: Limits
  /** Tells the body, which may tidy up. */
  abort(reason: StopReason): void
  /** Has it end, whether or not it listens. */
  cut(reason: StopReason): void
}

/** Why an attempt is to stop, and the clocks that may say so: the same wherever its body runs. */
export function stopper({ limits, abort, cut }: Needs) {
  let reason: StopReason | undefined
  let timers: NodeJS.Timeout[] = []
  let stall: NodeJS.Timeout | undefined

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
    for (const timer of timers) clearTimeout(timer)
    timers = []
  }

  return {
    /** The first one counts, unless that was only a request. As a getter it would cost each attempt its own class. */
    reason: () => reason,
    stop,
    /** Its module is being loaded: that has a limit of its own. */
    loading() {
      clear()
      timers.push(setTimeout(stop, inTime(limits.load), 'not_loaded'))
    },
    /** From here on it has its time, all of it. */
    begin() {
      clear()
      if (limits.soft) timers.push(setTimeout(stop, inTime(limits.soft), 'soft_time_limit'))
      if (limits.hard) timers.push(setTimeout(stop, inTime(limits.hard), 'time_limit'))
      if (limits.stall) {
        stall = setTimeout(stop, inTime(limits.stall), 'stalled')
        timers.push(stall)
      }
    },
    progressed() {
      stall?.refresh()
    },
    clear
  }
}

/** A timer of more than 2^31 ms (24 days) would fire at once. */
function inTime(seconds: number) {
  return Math.min(seconds * 1000, 2 ** 31 - 1)
}
