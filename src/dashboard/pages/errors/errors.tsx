import { go, href } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { ErrorGroup } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { Spark } from '../../ui/charts/charts.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { StatusGlyph } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'
import { curlText } from '../../words/copy.ts'
import { countText, plural } from '../../words/number.ts'
import { filterOf } from '../../words/tasks/errors.ts'

/** Failures of the last days, those that are alike together. */
export function Errors() {
  const found = useQuery<{ items: ErrorGroup[] }>('/api/errors', 5)
  const groups = found.data.value?.items
  return (
    <Page
      title="Errors"
      busy={!groups && !found.error.value}
      actions={
        <CopyAs
          curl={curlText(serviceAddress, 'GET', '/api/errors')}
          cli="scripts/darkroom error list"
          sql="select * from ops.failure_summary;"
        />
      }
    >
      <Refused query={found} />
      {!groups && !found.error.value && <Waiting />}
      {groups?.length === 0 && (
        <Empty title="No task has failed in the last 7 days">
          <p>Failures that are alike are shown here together.</p>
        </Empty>
      )}
      <ul class="problems" aria-label="Errors">
        {groups?.map(group => (
          <li key={group.fingerprint} class="problem critical">
            <span class="status-FAILED">
              <StatusGlyph status="FAILED" />
            </span>
            <div class="problem-text">
              <h2 class="breaks">
                <a href={href(`/errors/${group.fingerprint}`)}>
                  {group.task}: <span class="mono">{group.type ?? 'Error'}</span>
                </a>
              </h2>
              <p class="breaks group-message">{(group.message ?? '').slice(0, 600)}</p>
              <GroupAges group={group} />
            </div>
            <div class="group-trend">
              <Spark values={group.trend} />
            </div>
            <RetryGroup group={group} />
          </li>
        ))}
      </ul>
    </Page>
  )
}

export function GroupAges({ group }: { group: ErrorGroup }) {
  return (
    <p class="soft">
      {plural(group.count, 'task')}, the last <Ago time={group.last_at} />
      {group.count > 1 && (
        <>
          , the first <Ago time={group.first_at} />
        </>
      )}
      {' · '}
      <a href={href(`/tasks/${group.sample}`)}>the latest</a>
    </p>
  )
}

/** Leads to the list of its tasks, which says what a retry does before it is done. */
export function RetryGroup({ group }: { group: ErrorGroup }) {
  return (
    <Button icon="retry" needs="retryTask" onClick={() => go(`/tasks?${filterOf(group)}`)}>
      {group.count === 1 ? 'Retry it' : `Retry all ${countText(group.count)}`} …
    </Button>
  )
}
