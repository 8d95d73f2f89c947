import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/endings/ending.ts'
import type { Tail } from '#tasks/log/tail.ts'
import type { ProgramRun } from '#telemetry/programs.ts'
import type { StopReason } from '../children/protocol.ts'
import type { Limits } from './limits.ts'

/** A claimed task whose body runs or waits for a child. */
export interface Attempt {
  claim: Claim
  /** Time of the claim, by performance.now(). */
  since: number
  /** Resolves when all processes of the attempt have ended, or when the worker has given it up. */
  ended: Promise<Ending>
  /** Requests a stop; the first reason counts. */
  stop(reason: StopReason): void
  /** Why it was stopped, if it was. */
  reason(): StopReason | undefined
  /** Takes back an attempt that has not started: true, and it never starts nor ends. The child may have to answer. */
  recall(): Promise<boolean>
}

/** Options common to attempts in children and in the worker. */
export interface AttemptOptions {
  limits: Limits
  /** Keeps the last that it says. */
  tail: Tail
  /** Its place in a trace. */
  traceparent: string | undefined
  /** Its body starts, in a child if there is a pid. */
  onBegin(pid?: number): void
  /** It has run ffmpeg or ffprobe. */
  onProgram(run: ProgramRun): void
  onProgress(fraction: number, detail: unknown): void
  onLog(line: string): void
}
