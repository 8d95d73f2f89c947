import { AsyncLocalStorage } from 'node:async_hooks'

const current = new AsyncLocalStorage<string>()

/** Runs a request or a body under its trace: tasks that it submits continue the trace. */
export function underTrace<Out>(traceparent: string | undefined, run: () => Out): Out {
  return traceparent === undefined ? run() : current.run(traceparent, run)
}

export function currentTrace(): string | undefined {
  return current.getStore()
}
