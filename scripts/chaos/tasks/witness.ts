import { appendFileSync } from 'node:fs'
import type { Context } from 'darkroom'
import { Type } from 'typebox'

/** What every order says of itself, so that it is found again whatever became of the answer to it. */
export const order = { order: Type.String() }

type Body<Args> = (args: Args, context: Context, lives: () => void) => Promise<void> | void

interface Options {
  /** It runs in the worker itself. */
  inline?: boolean
}

const interval = 100
const parent = process.ppid

/**
 * Has a body tell a file when it began, that it still lives, and how it ended. A file and not a table: the witness
 * must not share the fate of the database that is killed under it, and what is written survives whoever wrote it.
 */
export function witnessed<Args extends { order: string }>(body: Body<Args>, { inline = false }: Options = {}) {
  return async (args: Args, context: Context) => {
    const { id, attempt } = context
    const { pid } = process
    const worker = inline ? pid : parent
    const say = (what: 'began' | 'lives' | 'returned' | 'threw') => {
      appendFileSync(
        process.env.CHAOS_JOURNAL!,
        `${JSON.stringify({ id, attempt, pid, worker, what, at: Date.now() })}\n`
      )
    }

    say('began')
    const ticking = setInterval(say, interval, 'lives')
    try {
      await body(args, context, () => say('lives'))
      say('returned')
      return { order: args.order, attempt, pid }
    } catch (error) {
      say('threw')
      throw error
    } finally {
      clearInterval(ticking)
    }
  }
}
