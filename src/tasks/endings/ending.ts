import type { AttemptOutcome, State, TaskError } from '#database/tables.ts'

/** How an attempt ended: a value, decided once, written as soon as the database accepts it. */
export interface Ending {
  id: string
  queue: string
  /** Where its job's row was when it was claimed, if that is known. */
  place?: string
  attempt: number
  worker: string
  started_at: Date
  outcome: AttemptOutcome
  /** The store was full or unreachable: a failure that counts against a budget of its own. */
  is_outage?: boolean
  /** JSON text; only with success. */
  result?: string
  error?: TaskError
  /** Stack trace of the body; kept with the attempt alone. */
  stack?: string | undefined
  /** The next state of the task, unless its cancellation was requested meanwhile. */
  next: Next
  /** The last progress that its body reported; a success sets it to 1. */
  reported?: { progress: number; detail: unknown }
  exit_code?: number | null
  signal?: string | null
  peak_memory?: number | null
  stderr?: string | null
}

export type Next = { state: 'SUCCESS' | 'FAILURE' | 'REVOKED' } | { state: 'RETRY'; delay: number }

/** The new state of the task. An ending without one changed nothing: its worker had lost the attempt. */
export interface Settled {
  id: string
  task: string
  queue: string
  state: State
}
