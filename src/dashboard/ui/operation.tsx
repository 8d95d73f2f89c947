import { act } from '../state/acts/act.ts'
import { followOperation } from '../state/acts/bulk.ts'
import { confirm } from '../state/acts/confirm.ts'
import type { BulkOperation } from '../state/service/shapes.ts'
import { plural } from '../words/number.ts'
import { hasEnded, titleOfOperation } from '../words/tasks/bulk.ts'
import { Button } from './button.tsx'

/** Stops an operation, or takes back what it has done. */
export function SteerOperation({ operation }: { operation: BulkOperation }) {
  const { id, can_undo, done } = operation
  const path = `/api/bulk-operations/${id}`
  if (!hasEnded(operation)) {
    return (
      <Button
        icon="cancel"
        needs="abortBulkOperation"
        onClick={() => act('It stops behind its batch', 'POST', `${path}/abort`)}
      >
        Abort<span class="only-heard">: {titleOfOperation(operation)}</span>
      </Button>
    )
  }
  if (!can_undo) return null
  return (
    <Button
      icon="retry"
      needs="undoBulkOperation"
      onClick={() =>
        confirm({
          title: `Undo what was done to ${plural(done, 'task')}?`,
          text: 'Those that have moved on since stay as they are.',
          yes: `Undo ${plural(done, 'task')}`,
          needs: 'undoBulkOperation',
          grave: done > 1,
          act: async () => {
            const undo = await act<{ id: string }>('The undo has begun', 'POST', `${path}/undo`)
            if (undo?.id) followOperation(undo.id)
          }
        })
      }
    >
      Undo<span class="only-heard">: {titleOfOperation(operation)}</span>
    </Button>
  )
}
