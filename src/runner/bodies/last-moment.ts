import { graceful } from '../children/child-process.ts'
import type { Failure, StopReason } from '../children/protocol.ts'
import type { GivenUp } from './judge.ts'

/** Until when the worker waits for an inline body that is asked to stop, since it cannot kill it. */
export function lastMoment() {
  const { promise, resolve } = Promise.withResolvers<Failure | GivenUp>()
  let timer: NodeJS.Timeout | undefined
  return {
    passed: promise,
    /** The attempt ends now, with its body or without. */
    breakOff: resolve,
    set(reason: StopReason) {
      // A hard limit leaves no time for cleanup: the soft limit is for that.
      const wait = reason === 'time_limit' || reason === 'stalled' ? 0 : graceful
      timer ??= setTimeout(resolve, wait, { type: 'given_up' })
    },
    clear: () => clearTimeout(timer)
  }
}
