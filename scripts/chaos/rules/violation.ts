import type { TaskHistory } from '../history/history.ts'

export interface Violation {
  /** The rule that was broken. */
  rule: string
  what: string
  task?: TaskHistory | undefined
}
