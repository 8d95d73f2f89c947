import type { Severity } from '#database/tables.ts'
import type { Action } from '#tasks/why/actions.ts'

/** What is wrong now, in a sentence, and who can mend it. */
export interface Problem {
  code: string
  sentence: string
  since: Date | null
  severity: Severity
  subject: { type: string; id: string }
  /** Requests that mend it, the best first. */
  actions: Action[]
}

export function postAction(label: string, url: string): Action {
  return { label, method: 'POST', url, scope: 'operate' }
}

/** "1 task waits", "3 tasks wait". */
export function tasksWait(count: number) {
  return count === 1 ? '1 task waits' : `${count} tasks wait`
}

export function timeText(time: Date) {
  return `${time.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
