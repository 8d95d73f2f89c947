import { href } from '../../state/browser/route.ts'
import { serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { ErrorTasks } from '../../state/service/shapes.ts'
import { CopyAs } from '../../ui/copy.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Page } from '../../ui/page.tsx'
import { Refused, Waiting } from '../../ui/said.tsx'
import { Ago } from '../../ui/time.tsx'
import { curlText, sqlOfTasks } from '../../words/copy.ts'
import { shortId } from '../../words/number.ts'
import { filterOf } from '../../words/tasks/errors.ts'
import { GroupAges, RetryGroup } from './errors.tsx'

export function ErrorPage({ id }: { id: string }) {
  const path = `/api/errors/${encodeURIComponent(id)}`
  const found = useQuery<ErrorTasks>(path, 5)
  const group = found.data.value
  if (!group) {
    return (
      <Page title="Error" busy={!found.error.value}>
        <Refused query={found} />
        {found.error.value?.status === 404 && (
          <p>
            None of its tasks is failed any more. <a href={href('/errors')}>All errors</a>
          </p>
        )}
        {!found.error.value && <Waiting />}
      </Page>
    )
  }
  const alike = filterOf(group)
  return (
    <Page
      title={`${group.task}: ${group.type ?? 'Error'}`}
      actions={
        <>
          <RetryGroup group={group} />
          <a class="button" href={href(`/tasks?${alike}`)}>
            <Icon name="tasks" />
            <span>As a list of tasks</span>
          </a>
          <CopyAs curl={curlText(serviceAddress, 'GET', path)} sql={sqlOfTasks(Object.fromEntries(alike))} />
        </>
      }
    >
      <div class="error-said">{group.message}</div>
      <GroupAges group={group} />
      <Alike tasks={group.tasks} />
    </Page>
  )
}

function Alike({ tasks }: Pick<ErrorTasks, 'tasks'>) {
  return (
    <div class="table-place section" role="region" aria-label="Tasks that failed so" tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            <th>Task</th>
            <th>Failed</th>
            <th>Queue</th>
            <th>Attempts</th>
            <th>Message</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map(task => (
            <tr key={task.id}>
              <td class="mono">
                <a href={href(`/tasks/${task.id}`)} title={task.id}>
                  {shortId(task.id)}
                </a>
              </td>
              <td>
                <Ago time={task.finished_at} />
              </td>
              <td>{task.queue}</td>
              <td class="number">{task.attempts}</td>
              <td class="wraps">{(task.message ?? '').slice(0, 400)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
