import { appendFileSync } from 'node:fs'
import type { Context } from 'darkroom'
import { Type } from 'typebox'

/** The name of its order, in each task's arguments: how the checker finds it when the answer with its id was lost. */
export const order = { order: Type.String() }

type Body<Args> = (args: Args, context: Context, lives: () => void) => Promise<void> | void

interface Options {
  /** It runs in the worker itself. */
  inline?: boolean
}

const interval = 100
const parent = process.ppid

/**
 * Has a body write to the journal when it starts, each 100 ms, and when it ends. The journal is a file, because the
 * database is killed during the run and a file keeps what a killed process wrote.
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
