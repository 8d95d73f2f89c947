import { href, query } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { BulkOperation, Page as Items } from '../../state/service/shapes.ts'
import { Progress } from '../../ui/charts/progress.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Page } from '../../ui/page.tsx'
import { Paging } from '../../ui/paging.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'
import { commandText, curlText } from '../../words/copy.ts'
import { exactCount } from '../../words/number.ts'
import { hasEnded, titleOfOperation } from '../../words/tasks/bulk.ts'

export function Bulk() {
  const cursor = query.value.get('cursor')
  const path = `/api/bulk-operations${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`
  const found = useQuery<Items<BulkOperation>>(path, 2)
  const page = found.data.value
  return (
    <Page
      title="Bulk operations"
      busy={!page && !found.error.value}
      actions={
        <CopyAs
          curl={curlText(serviceAddress, 'GET', path)}
          cli={commandText('bulk list')}
          sql="select * from ops.bulk_operations order by created_at desc limit 50;"
        />
      }
    >
      <Refused query={found} />
      {!page && !found.error.value && <Waiting />}
      {page?.items.length === 0 && (
        <Empty title="No act on many tasks yet">
          <p>
            <a href={href('/tasks')}>The list of tasks</a> has them under “All that match”.
          </p>
        </Empty>
      )}
      {page && page.items.length > 0 && (
        <div class="table-place" role="region" aria-label="Operations" tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th>Operation</th>
                <th>Status</th>
                <th>Done</th>
                <th>By</th>
                <th>When</th>
              </tr>
            </thead>
            <tbody>
              {page.items.map(operation => (
                <Row key={operation.id} operation={operation} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Paging page={page} />
    </Page>
  )
}

function Row({ operation }: { operation: BulkOperation }) {
  const { id, status, progress, done, created_by, created_at } = operation
  const title = titleOfOperation(operation)
  return (
    <tr>
      <td>
        <a href={href(`/bulk/${id}`)}>{title}</a>
      </td>
      <td>
        <Word word={status} />
        {!hasEnded(operation) && <Progress value={status === 'waiting' ? null : progress} label={title} />}
      </td>
      <td class="number">{exactCount(done)}</td>
      <td>
        <span class="cut-off narrow">{created_by ?? '–'}</span>
      </td>
      <td>
        <Ago time={created_at} />
      </td>
    </tr>
  )
}
