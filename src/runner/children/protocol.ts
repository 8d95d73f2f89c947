import type { OwnMemory } from './own-memory.ts'

/** The messages between worker and child, as JSON over the pipe that Node.js opens between them. */

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

/** Sent at once to a new child: the kinds that it may soon have to run. */
export interface Warm {
  type: 'warm'
  kinds: Source[]
}

export type ToChild = Warm | Run | { type: 'abort'; reason: StopReason } | { type: 'database'; url: string }

export type FromChild =
  | { type: 'ready' }
  | { type: 'loading' }
  | { type: 'started'; at: number }
  | { type: 'progress'; fraction: number; detail?: unknown }
  | { type: 'log'; line: string }
  // A body submits tasks of its own.
  | { type: 'database' }
  | Finished

/**
 * A body that ends before the child reported its start has `started_at` here. Memory is that of the child's process: an
 * attempt that needed no child has none.
 */
export type Finished = (Success | Failure) & Partial<OwnMemory> & { started_at?: number }

export interface Success {
  type: 'success'
  /** JSON text, checked to be storable by Postgres. */
  result: string
}

export interface Failure {
  type: 'failure'
  error: { type: string; message: string }
  /** Where it was thrown, bounded. */
  stack?: string | undefined
  /** The store was at fault, not the body: the task is tried again, against a budget of its own. */
  outage?: boolean
  /** Whether another attempt makes sense, and after how many seconds if the body asked for that. */
  retry: boolean
  retry_after?: number
}

/** Why a running attempt is told to stop. The first reason wins: a time limit that leads to a kill is a time limit. */
export type StopReason = 'cancelled' | 'soft_time_limit' | 'time_limit' | 'stalled' | 'not_loaded' | 'shutdown' | 'lost'
