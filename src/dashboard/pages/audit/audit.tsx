import { query } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { AuditLine, Page as Items } from '../../state/service/shapes.ts'
import { momentNow } from '../../state/service/time.ts'
import { CopyAs } from '../../ui/copy.tsx'
import { Page } from '../../ui/page.tsx'
import { Paging } from '../../ui/paging.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { filtersOf } from '../../words/audit.ts'
import { curlText } from '../../words/copy.ts'
import { Filters } from './filters.tsx'
import { Line } from './line.tsx'

export function Audit() {
  const filters = filtersOf(query.value, momentNow())
  const search = filters.toString()
  const path = `/api/audit${search && `?${search}`}`
  const found = useQuery<Items<AuditLine>>(path, filters.has('cursor') ? 60 : 5)
  const page = found.data.value
  return (
    <Page
      title="Audit"
      busy={!page && !found.error.value}
      actions={
        <CopyAs
          curl={curlText(serviceAddress, 'GET', path)}
          sql="select * from ops.audit order by at desc limit 100;"
        />
      }
    >
      <Filters />
      <Refused query={found} />
      {!page && !found.error.value && <Waiting />}
      {page?.items.length === 0 && (
        <Empty title={search ? 'No line fits' : 'Nothing was done yet'}>
          <p>Each act has a line, which is written with it and never changed. Submissions have none.</p>
        </Empty>
      )}
      {page && page.items.length > 0 && <Lines items={page.items} />}
      <Paging page={page} />
    </Page>
  )
}

function Lines({ items }: { items: AuditLine[] }) {
  return (
    <div class="table-place" role="region" aria-label="Lines" tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            <th>Act</th>
            <th>Who</th>
            <th>To what</th>
            <th>Outcome</th>
            <th>From</th>
            <th>When</th>
          </tr>
        </thead>
        <tbody>
          {items.map(line => (
            <Line key={line.id} line={line} />
          ))}
        </tbody>
      </table>
    </div>
  )
}
