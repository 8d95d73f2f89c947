/** The exports of the package `darkroom`, for task modules and for programs that call tasks. */
export { defineCallable as defineTask } from '#calling/callable.ts'
export { TaskFailed } from '#calling/failed.ts'
export type { Handle } from '#calling/handle.ts'
export { type Context, GiveUp, RetryLater, SoftTimeLimit } from '#tasks/define.ts'

/** Closes the connection that calls have opened. Optional: it does not keep a program alive. */
export async function close() {
  await (await import('#calling/caller.ts')).closeCaller()
}
