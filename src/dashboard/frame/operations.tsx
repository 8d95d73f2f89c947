import { dropOperation, followed } from '../state/acts/bulk.ts'
import { href } from '../state/browser/route.ts'
import { useQuery } from '../state/service/query.ts'
import type { BulkOperation } from '../state/service/shapes.ts'
import { Button } from '../ui/button.tsx'
import { Progress } from '../ui/charts/progress.tsx'
import { SteerOperation } from '../ui/operation.tsx'
import { exactCount } from '../words/number.ts'
import { hasEnded, skippedText, titleOfOperation } from '../words/tasks/bulk.ts'

/** How far acts on all that match are. They go on without this page, and a reload finds them again. */
export function Operations() {
  const ids = followed()
  if (ids.length === 0) return null
  return (
    <section class="tray" aria-label="Bulk operations">
      <div class="tray-head">
        <a href={href('/bulk')}>Bulk operations</a>
      </div>
      <ul>
        {ids.map(id => (
          <Row key={id} id={id} />
        ))}
      </ul>
    </section>
  )
}

function Row({ id }: { id: string }) {
  const query = useQuery<BulkOperation>(`/api/bulk-operations/${id}`, found => (found && hasEnded(found) ? 15 : 1))
  const operation = query.data.value
  const isGone = query.error.value?.status === 404
  const title = operation ? titleOfOperation(operation) : isGone ? 'An operation that is gone' : 'A bulk operation'
  return (
    <li aria-busy={!operation && !isGone}>
      <a class="cut-off" href={href(`/bulk/${id}`)}>
        {title}
      </a>
      <Button icon="close" look="quiet" label={`Hide: ${title}`} onClick={() => dropOperation(id)} />
      {operation && !hasEnded(operation) && (
        <Progress value={operation.status === 'waiting' ? null : operation.progress} label={title} />
      )}
      {operation && (
        <span class="soft number tray-line">
          {operation.status}, {exactCount(operation.done)} of {exactCount(operation.expected)} done
          {operation.skipped.length > 0 && `; ${skippedText(operation.skipped)}`}
        </span>
      )}
      {operation && (
        <span class="tray-line">
          <SteerOperation operation={operation} />
        </span>
      )}
    </li>
  )
}
