import type { AttemptOutcome, State, TaskError } from '#database/tables.ts'

/** How an attempt ended: a value, decided once, written as soon as the database takes it. */
export interface Ending {
  id: string
  queue: string
  /** Where its job's row was when it was claimed, if that is known. */
  place?: string
  attempt: number
  worker: string
  started_at: Date
  outcome: AttemptOutcome
  /** JSON text; only with success. */
  result?: string
  error?: TaskError
  /** Where the error was thrown, bounded: kept with the attempt alone. */
  stack?: string | undefined
  /** What becomes of the task, unless somebody has asked for its end meanwhile. */
  next: Next
  /** How far it said that it was; a success is all the way. */
  reported?: { progress: number; detail: unknown }
  exit_code?: number | null
  signal?: string | null
  peak_memory?: number | null
  stderr?: string | null
}

export type Next = { state: 'SUCCESS' | 'FAILURE' | 'REVOKED' } | { state: 'RETRY'; delay: number }

/** What the task became. An ending that is missing among the settled ones did not count: the attempt was not ours. */
export interface Settled {
  id: string
  queue: string
  state: State
}
