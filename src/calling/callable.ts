import type { Static, TSchema } from 'typebox'
import type { Definition, Kind } from '#tasks/define.ts'
import { defineTask } from '#tasks/define.ts'
import type { Handle } from './handle.ts'
import type { ApplyOptions } from './submit.ts'

/** A kind that can be asked for from TypeScript: `await add(args)` runs it here, the others hand it to a worker. */
export interface Callable<Args extends TSchema, Result> {
  /** Runs the body in this process, now, without a queue or a row. */
  (args: Static<Args>): Promise<Result>
  /** Submits it; the handle tells what becomes of it. */
  delay(args: Static<Args>): Promise<Handle<Result>>
  /** The same with options, and inside the caller's own transaction when one is given. */
  applyAsync(args: Static<Args>, options?: ApplyOptions): Promise<Handle<Result>>
}

export type CallableKind<Args extends TSchema = any, Result = any> = Callable<Args, Result> & Kind<Args, Result>

/** What task modules call `defineTask`: a kind that is a function too. */
export function defineCallable<Args extends TSchema, Result>(
  definition: Definition<Args, Result>
): CallableKind<Args, Result> {
  const kind = defineTask(definition)
  // Loaded when somebody calls: the child processes, which only run bodies, have no use for a database.
  const submit = async (args: Static<Args>, options?: ApplyOptions) =>
    (await import('./submit.ts')).applyAsync<Result>(kind, args, options)
  const call = async (args: Static<Args>) => (await import('./here.ts')).runHere<Result>(kind, args)
  // Not enumerable: `{ ...add, name: 'sum' }` is a definition of settings alone, and is not submitted as `add`.
  const callable = Object.defineProperties(call, {
    delay: { value: (args: Static<Args>) => submit(args) },
    applyAsync: { value: submit }
  })
  for (const [property, value] of Object.entries(kind)) {
    // A function has a name of its own, which an assignment would not replace.
    Object.defineProperty(callable, property, { value, enumerable: true })
  }
  return callable as unknown as CallableKind<Args, Result>
}
