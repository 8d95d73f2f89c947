import type { History } from '../history/history.ts'
import type { Violation } from './violation.ts'

/** Each occurrence has its row and at most one task, and each task of a schedule has its occurrence. */
export function checkSchedules({ schedules, tasks }: History): Violation[] {
  const violations: Violation[] = []
  const scheduled = new Map(tasks.filter(({ schedule_id }) => schedule_id !== null).map(task => [task.id, task]))
  const claimed = new Set<string>()
  for (const { id, every, occurrences } of schedules) {
    for (const [place, { due_at, outcome, task_id }] of occurrences.entries()) {
      if ((outcome === 'fired') !== (task_id !== null && scheduled.has(task_id))) {
        const what = `schedule ${id}, due at ${due_at}: ${outcome}, task ${task_id}`
        violations.push({ rule: 'an occurrence that fired has its task, and no other has one', what })
      }
      if (task_id !== null && claimed.has(task_id)) {
        violations.push({ rule: 'a task belongs to one occurrence', what: task_id, task: scheduled.get(task_id) })
      }
      if (task_id !== null) claimed.add(task_id)
      const before = occurrences[place - 1]
      const last = before && (before.until ?? before.due_at)
      if (last !== undefined && Math.round(due_at - last) !== every * 1000) {
        const what = `schedule ${id}, every ${every} s: after ${last} came ${due_at}`
        violations.push({ rule: 'every occurrence has a row, once', what })
      }
    }
  }
  for (const [id, task] of scheduled) {
    if (!claimed.has(id)) violations.push({ rule: 'a task of a schedule has its occurrence', what: id, task })
  }
  return violations
}
