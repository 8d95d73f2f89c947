import type { ComponentChildren } from 'preact'
import { href } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { BulkOperation } from '../../state/service/shapes.ts'
import { Progress } from '../../ui/charts/progress.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Json } from '../../ui/json.tsx'
import { SteerOperation } from '../../ui/operation.tsx'
import { Page } from '../../ui/page.tsx'
import { Refused, Waiting } from '../../ui/said.tsx'
import { At } from '../../ui/time.tsx'
import { commandText, curlText, sqlText } from '../../words/copy.ts'
import { exactCount } from '../../words/number.ts'
import { hasEnded, skippedText, titleOfOperation } from '../../words/tasks/bulk.ts'

export function OperationPage({ id }: { id: string }) {
  const path = `/api/bulk-operations/${id}`
  const query = useQuery<BulkOperation>(path, found => (found && hasEnded(found) ? 15 : 1))
  const operation = query.data.value
  const title = operation ? titleOfOperation(operation) : 'Bulk operation'
  return (
    <Page
      title={title}
      busy={!operation && !query.error.value}
      actions={
        operation && (
          <>
            <CopyAs
              curl={curlText(serviceAddress, 'GET', path)}
              cli={commandText(`bulk show ${id}`)}
              sql={`select * from ops.bulk_operations where id = ${sqlText(id)};`}
            />
            <SteerOperation operation={operation} />
          </>
        )
      }
    >
      <Refused query={query} />
      {!operation && !query.error.value && <Waiting />}
      {operation && <Facts operation={operation} title={title} />}
    </Page>
  )
}

function Facts({ operation, title }: { operation: BulkOperation; title: string }) {
  const { status, progress, done, skipped, queue, over, undo_of, undone_by, task_id, created_by, filter } = operation
  return (
    <>
      <Progress value={status === 'waiting' ? null : progress} label={`Progress: ${title}`} />
      <dl class="facts section">
        <dt>Status</dt>
        <dd>{status}</dd>
        <dt>Done</dt>
        <dd class="number">{exactCount(done)}</dd>
        <dt>Left as they are</dt>
        <dd>{skipped.length > 0 ? skippedText(skipped) : 'none'}</dd>
        {queue !== null && <Fact name="To the queue">{queue}</Fact>}
        {over !== null && <Fact name="Spread over">{exactCount(over)} s</Fact>}
        {undo_of !== null && (
          <Fact name="Undo of">
            <a href={href(`/bulk/${undo_of}`)}>this operation</a>
          </Fact>
        )}
        {undone_by !== null && (
          <Fact name="Undone by">
            <a href={href(`/bulk/${undone_by}`)}>this operation</a>
          </Fact>
        )}
        <dt>Task</dt>
        <dd>
          <a class="mono" href={href(`/tasks/${task_id}`)}>
            {task_id}
          </a>
        </dd>
        <dt>By</dt>
        <dd>{created_by ?? '–'}</dd>
        <dt>Asked for</dt>
        <dd>
          <At time={operation.created_at} />
        </dd>
        {operation.finished_at && (
          <Fact name="Ended">
            <At time={operation.finished_at} />
          </Fact>
        )}
      </dl>
      <section class="section">
        <h2>Filter</h2>
        <Json value={filter} label="filter" />
      </section>
    </>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
