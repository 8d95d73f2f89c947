import type { OwnMemory } from './own-memory.ts'

/** What the worker and its child processes say to each other, as JSON over the pipe that Node opens between them. */

/** Where a child finds a kind: its file, or among the built-in ones. */
export interface Source {
  task: string
  file?: string | undefined
}

export interface Run extends Source {
  type: 'run'
  id: string
  args: unknown
  attempt: number
}

/** Sent at once to a new child: what it may soon have to run. */
export interface Warm {
  type: 'warm'
  kinds: Source[]
}

export type ToChild = Warm | Run | { type: 'abort'; reason: StopReason }

export type FromChild =
  | { type: 'ready' }
  | { type: 'loading' }
  | { type: 'started'; at: number }
  | { type: 'progress'; fraction: number; detail?: unknown }
  | { type: 'log'; line: string }
  | Finished

/**
 * One that is over before anybody could be told that it began says so with its end. Memory is what a process has taken:
 * of what needed none, or shared the worker's, there is nothing to tell.
 */
export type Finished = (Success | Failure) & Partial<OwnMemory> & { started_at?: number }

export interface Success {
  type: 'success'
  /** JSON text, checked to be something that Postgres takes. */
  result: string
}

export interface Failure {
  type: 'failure'
  error: { type: string; message: string }
  /** The store was at fault, not the body: it is tried again, and that counts against a budget of its own. */
  outage?: boolean
  /** Whether another try makes sense, and when if the body has said so. */
  retry: boolean
  retry_after?: number
}

/** Why a running attempt is told to stop. The first reason wins: a time limit that leads to a kill is a time limit. */
export type StopReason = 'cancelled' | 'soft_time_limit' | 'time_limit' | 'stalled' | 'not_loaded' | 'shutdown' | 'lost'
