import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/attempts/ending.ts'
import type { StopReason } from '../children/protocol.ts'
import type { Limits } from './limits.ts'

/** A claimed task whose body runs, or waits for a child. */
export interface Attempt {
  claim: Claim
  /** When it was claimed, by performance.now(). */
  since: number
  /** Resolves when nothing of the attempt runs any more, or when it was given up. */
  ended: Promise<Ending>
  /** Tells it to stop; the first reason counts. */
  stop(reason: StopReason): void
  /** Takes it back if it has not begun: true, and it never begins, nor ends. */
  recall(): boolean
}

/** What every attempt needs, wherever its body runs. */
export interface AttemptOptions {
  worker: string
  limits: Limits
  onProgress(fraction: number, detail: unknown): void
  onLog(line: string): void
}
