import type { ProgramRun } from '#telemetry/programs.ts'
import type { OwnMemory } from './inside/own-memory.ts'

/** The messages between worker and child, as JSON over the pipe that Node.js opens between them. */

/** Where a child finds a kind: a file, or the built-in kinds. */
export interface Source {
  task: string
  file?: string | undefined
}

export interface Run extends Source {
  /** Counts the attempts of a child. */
  number: number
  id: string
  args: unknown
  attempt: number
  traceparent?: string | undefined
}

/** Sent to a new child at once: the kinds to preload. */
export interface Warm {
  type: 'warm'
  kinds: Source[]
}

export type ToChild =
  | Warm
  // To be run one by one. With `goOn` the line was empty.
  | { type: 'run'; runs: Run[]; goOn: boolean }
  // After an attempt that the child has waited with.
  | { type: 'goOn' }
  | { type: 'drop'; numbers: number[] }
  | { type: 'abort'; number: number; reason: StopReason }
  | { type: 'database'; url: string }

export type FromChild =
  | { type: 'ready' }
  | { type: 'loading' }
  | { type: 'started'; at: number }
  | { type: 'progress'; fraction: number; detail?: unknown }
  | { type: 'log'; line: string }
  // A run of ffmpeg or ffprobe, for the trace of the attempt.
  | { type: 'program'; run: ProgramRun }
  // A body submits tasks of its own.
  | { type: 'database' }
  // Of those that the worker asked to drop, these will not run.
  | { type: 'dropped'; asked: number[]; dropped: number[] }
  // The process ends by itself between two attempts.
  | { type: 'leaving' }
  | Finished

/** The end of an attempt, with the memory of the child's process. */
export type Finished = (Success | Failure) &
  Partial<OwnMemory> & {
    number: number
    /** Milliseconds. */
    took: number
    /** Where a body ended before the child reported its start. */
    started_at?: number
    /**
     * The child runs no other attempt until it is told to: what the body printed comes through another pipe, or the
     * worker looks for processes that a failed body has left.
     */
    waits?: boolean
  }

export interface Success {
  type: 'success'
  /** JSON text, checked to be storable by Postgres. */
  result: string
}

export interface Failure {
  type: 'failure'
  error: { type: string; message: string }
  /** Stack trace, bounded. */
  stack?: string | undefined
  /** The store failed, not the body: the task is retried, counted apart from failures. */
  outage?: boolean
  /** Whether a retry makes sense, and after how many seconds if the body set that. */
  retry: boolean
  retry_after?: number
}

/** Why a running attempt is stopped. The first reason wins: a time limit that leads to a kill is a time limit. */
export type StopReason =
  | 'cancelled'
  | 'soft_time_limit'
  | 'time_limit'
  | 'stalled'
  | 'not_loaded'
  | 'shutdown'
  // It is another worker's.
  | 'lost'
  // Postgres has crashed and knows nothing of the claim: the next one has the same number.
  | 'forgotten'
