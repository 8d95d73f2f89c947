import { signal } from '@preact/signals'
import type { Need } from '../../words/rights.ts'

export interface Question {
  title: string
  text?: string
  /** The act's own verb: "Retry", "Cancel task". */
  yes: string
  danger?: boolean
  /** It cannot be taken back, or is about many: in production its name has to be typed. */
  grave?: boolean
  /** What has to be typed first. */
  typed?: string
  /** The act as the API calls it. */
  needs: Need
  act(): unknown
}

/** What is asked before an act. One at a time. */
export const question = signal<Question | undefined>(undefined)

export function confirm(asked: Question) {
  question.value = asked
}
