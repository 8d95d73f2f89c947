import { act } from '../../state/act.ts'
import { serviceAddress } from '../../state/base.ts'
import { confirm } from '../../state/confirm.ts'
import { useQuery } from '../../state/query.ts'
import { href } from '../../state/route.ts'
import type { TaskPage } from '../../state/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { StatusGlyph } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'
import { curlText } from '../../words/copy.ts'
import { commonPart, type ErrorGroup, groupErrors } from '../../words/errors.ts'
import { countText, plural } from '../../words/number.ts'

// Of the newest failures.
const looked = 200
const path = `/api/tasks?status=FAILED&limit=${looked}`

/** The newest failures, those alike together. */
export function Errors() {
  const found = useQuery<TaskPage>(path, 5)
  const page = found.data.value
  const groups = page && groupErrors(page.items)
  return (
    <Page
      title="Errors"
      busy={!page && !found.error.value}
      actions={<CopyAs curl={curlText(serviceAddress, 'GET', path)} sql="select * from ops.failure_summary;" />}
    >
      <Refused query={found} />
      {!page && !found.error.value && <Waiting />}
      {groups?.length === 0 && (
        <Empty title="No task has failed">Failures that are alike are shown here together.</Empty>
      )}
      <ul class="problems" aria-label="Errors">
        {groups?.map(group => (
          <Group key={group.key} group={group} />
        ))}
      </ul>
      {page?.next_cursor && <p class="soft">Of the newest {looked} failures.</p>}
    </Page>
  )
}

function Group({ group }: { group: ErrorGroup }) {
  const alike = new URLSearchParams({ status: 'FAILED', task: group.task, error: commonPart(group.message) })
  return (
    <li class="problem critical">
      <span class="status-FAILED">
        <StatusGlyph status="FAILED" />
      </span>
      <div class="problem-text">
        <h2 class="breaks">
          {group.task}: <span class="mono">{group.type}</span>
        </h2>
        <p class="breaks group-message">{group.message.slice(0, 600)}</p>
        <p class="soft">
          {plural(group.count, 'task')}, the last <Ago time={group.last_at} />
          {group.count > 1 && (
            <>
              , the first <Ago time={group.first_at} />
            </>
          )}
          {' · '}
          <a href={href(`/tasks?${alike}`)}>Show them</a> · <a href={href(`/tasks/${group.ids[0]}`)}>the latest</a>
        </p>
      </div>
      <Button icon="retry" onClick={() => retryAll(group)}>
        Retry {countText(group.count)}
      </Button>
    </li>
  )
}

function retryAll({ task, ids }: ErrorGroup) {
  confirm({
    title: `Retry ${plural(ids.length, 'task')} of ${task}?`,
    text: 'Each keeps its id and gets a fresh set of attempts.',
    yes: `Retry ${plural(ids.length, 'task')}`,
    act: async () => {
      for (const id of ids) await act('They wait for a worker again', 'POST', `/api/tasks/${id}/retry`)
    }
  })
}
