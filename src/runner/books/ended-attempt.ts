import type { Claim } from '#tasks/attempts/claim.ts'
import type { Kind } from '#tasks/define.ts'
import type { Ending } from '#tasks/endings/ending.ts'

/** An attempt that is over and whose ending is not written yet. */
export interface EndedAttempt {
  claim: Claim
  kind: Kind | undefined
  ending: Ending
  /** Milliseconds for which its body ran; undefined where it did not start. */
  ran?: number | undefined
}
