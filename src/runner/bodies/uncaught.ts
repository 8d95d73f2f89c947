import { AsyncLocalStorage } from 'node:async_hooks'

/** Fails the attempt whose body a callback belongs to. */
const failing = new AsyncLocalStorage<((error: unknown) => void) | undefined>()

/** Calls, and has what is not caught in it, also later as in a timer, given to `fail`; without one that is no body's. */
export function failingWith<Result>(fail: ((error: unknown) => void) | undefined, call: () => Result): Result {
  return failing.run(fail, call)
}

/**
 * An uncaught error, as in a timer, ends a process with all its attempts. Node knows the body that a callback belongs
 * to, so only that attempt fails; an error outside of all bodies ends the process as usual.
 */
export function failBodiesAlone() {
  function onUncaught(error: unknown) {
    const fail = failing.getStore()
    if (!fail) return
    process.once('uncaughtException', () => {})
    fail(error)
  }
  process.on('uncaughtExceptionMonitor', onUncaught)
  return { close: () => void process.off('uncaughtExceptionMonitor', onUncaught) }
}
