import { exactCount as count, plural } from '#dashboard/words/number.ts'
import type { BulkOperation } from '../service/bodies.ts'

export const isOver = ({ status }: BulkOperation) => status !== 'waiting' && status !== 'running'

const done = { retry: 'Retried', cancel: 'Cancelled', forget: 'Forgot', move: 'Moved', undo: 'Brought back' }

export function skippedText(skipped: BulkOperation['skipped']) {
  return skipped.map(({ reason, count: number }) => `${count(number)} ${reason.replaceAll('_', ' ')}`).join(', ')
}

/** What an operation has done, and what can be done about it. */
export function endText(operation: BulkOperation): string {
  const { id, action, status, skipped, can_undo: canUndo, task_id: task } = operation
  const passed = skipped.length > 0 ? `; left as they are: ${skippedText(skipped)}` : ''
  const end = {
    aborted: ' before it was aborted',
    failed: ` before it failed; "darkroom task retry ${task}" goes on`
  }[status as string]
  const undo = canUndo ? `\nTake it back: darkroom bulk undo ${id}` : ''
  return `${done[action]} ${plural(operation.done, 'task')}${end ?? ''}${passed}${undo}`
}
