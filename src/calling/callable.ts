import type { Static, TSchema } from 'typebox'
import type { Definition, Kind } from '#tasks/define.ts'
import { defineTask } from '#tasks/define.ts'
import type { Handle } from './handle.ts'
import type { ApplyOptions } from './submit.ts'

/** A kind as a function: `await add(args)` runs its body in this process, the methods submit a task. */
export interface Callable<Args extends TSchema, Result> {
  /** Runs the body in this process, now, without a queue or a row. */
  (args: Static<Args>): Promise<Result>
  /** Submits a task; the handle has its state and result. */
  delay(args: Static<Args>): Promise<Handle<Result>>
  /** Submits a task with options, such as a transaction of the caller's. */
  applyAsync(args: Static<Args>, options?: ApplyOptions): Promise<Handle<Result>>
}

export type CallableKind<Args extends TSchema = any, Result = any> = Callable<Args, Result> & Kind<Args, Result>

/** `defineTask` of task modules: a kind that is a function, too. */
export function defineCallable<Args extends TSchema, Result>(
  definition: Definition<Args, Result>
): CallableKind<Args, Result> {
  const kind = defineTask(definition)
  // Loaded with the first call: child processes only run bodies and never connect to the database.
  const submit = async (args: Static<Args>, options?: ApplyOptions) =>
    (await import('./submit.ts')).applyAsync<Result>(kind, args, options)
  const call = async (args: Static<Args>) => (await import('./here.ts')).runHere<Result>(kind, args)
  // Not enumerable, so that `{ ...add, name: 'sum' }` copies settings only and is not submitted as `add`.
  const callable = Object.defineProperties(call, {
    delay: { value: (args: Static<Args>) => submit(args) },
    applyAsync: { value: submit }
  })
  for (const [property, value] of Object.entries(kind)) {
    // An assignment would not replace the function's own name.
    Object.defineProperty(callable, property, { value, enumerable: true })
  }
  return callable as unknown as CallableKind<Args, Result>
}
