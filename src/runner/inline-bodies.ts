import { AsyncLocalStorage } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'
import type { Logger } from 'pino'
import { failure } from './children/body.ts'

/** The attempt that has an inline body for what it does. */
export interface Owner {
  task: string
  /** Ends it as a failure, if it has not ended. */
  fail(error: unknown): void
}

class ProcessExit extends Error {
  override name = 'ProcessExit'

  constructor(code: unknown) {
    super(
      `Its body called process.exit(${code === undefined ? '' : String(code)}), which would have ended its worker and ` +
        'all that runs in it: an inline kind must not'
    )
  }
}

/**
 * The bodies that run in this process itself, until each has really come to its end. Some of what they may do ends a
 * process and everybody in it: to exit, or to throw where nobody catches it, as in a timer. Node knows from which body
 * a call or a callback comes, so it ends that one's attempt instead; what comes from none of them ends the process as
 * it always does. A listener of an emitter that belongs to somebody else is called as one of his, not of its body.
 */
export function inlineBodies(log: Logger) {
  const whose = new AsyncLocalStorage<Owner | undefined>()
  let size = 0

  const exit = process.exit
  function exitUnlessInBody(code?: Parameters<typeof exit>[0]): never {
    const owner = whose.getStore()
    if (!owner) return exit.call(process, code)
    const error = new ProcessExit(code)
    blame(owner, error)
    // Nobody who exits has written what is to happen after it.
    throw error
  }

  /** Told before anybody is asked what to do about it: an exception that nobody listens to ends the process. */
  function onUncaught(error: unknown) {
    const owner = whose.getStore()
    if (!owner) return
    process.once('uncaughtException', () => {})
    if (!(error instanceof ProcessExit)) blame(owner, error)
  }

  function blame(owner: Owner, thrown: unknown) {
    // Of what was thrown only what can be shown: it may be anything.
    const { error } = failure(thrown)
    log.warn({ task: owner.task, error }, 'an inline body, or what it has left behind, would have ended this process')
    owner.fail(thrown)
  }

  process.exit = exitUnlessInBody
  // For those who have it from an import.
  syncBuiltinESMExports()
  process.on('uncaughtExceptionMonitor', onUncaught)

  return {
    /** Those that run, also if nobody waits for them any more. */
    get size() {
      return size
    },

    /** Runs a body; whatever it starts is its own. */
    async run<Result>(owner: Owner, body: () => Promise<Result>): Promise<Result> {
      size++
      try {
        return await whose.run(owner, body)
      } finally {
        size--
      }
    },

    /** For what is called from elsewhere: the listeners of its signal. */
    as: (owner: Owner, call: () => void) => whose.run(owner, call),

    /** For what a body calls of ours. */
    outside: (call: () => void) => whose.run(undefined, call),

    close() {
      process.off('uncaughtExceptionMonitor', onUncaught)
      // Somebody else may have replaced it too, and would go on to call this one.
      if (process.exit !== exitUnlessInBody) return
      process.exit = exit
      syncBuiltinESMExports()
    }
  }
}

export type InlineBodies = ReturnType<typeof inlineBodies>
