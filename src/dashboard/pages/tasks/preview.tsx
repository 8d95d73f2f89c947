import { href } from '../../state/browser/route.ts'
import type { BulkBy, DryRun } from '../../state/service/shapes.ts'
import { Ago } from '../../ui/time.tsx'
import { exactCount, shortId } from '../../words/number.ts'
import { type BulkAct, tasksText, verbs } from '../../words/tasks/bulk.ts'

interface PreviewProps {
  found: DryRun
  action: BulkAct
  /** No filter is set. */
  isAll: boolean
}

/** What an act on many would do. */
export function Preview({ found, action, isAll }: PreviewProps) {
  const { by, samples, skipped } = found
  const passed = skipped.reduce((all, { count }) => all + count, 0)
  return (
    <>
      <p>
        <b>
          {verbs[action]} {tasksText(found)}
        </b>
        {isAll && <span class="bad"> – no filter is set: that is every one.</span>}
        {passed > 0 && <span class="soft"> {exactCount(passed)} that match stay as they are.</span>}
      </p>
      {by.length > 0 && <Groups by={by} />}
      {samples.length > 0 && (
        <>
          <h3>The newest of them</h3>
          <ul class="plain">
            {samples.map(({ id, task, error, name, created_at }) => (
              <li key={id} class="cut-off">
                <a class="mono" href={href(`/tasks/${id}`)}>
                  {shortId(id)}
                </a>{' '}
                {task}, <Ago time={created_at} />
                <span class="soft"> {error?.message ?? name}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

function Groups({ by }: { by: BulkBy[] }) {
  return (
    <div class="table-place" role="region" aria-label="By status, kind and queue" tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            <th>Status</th>
            <th>Kind</th>
            <th>Queue</th>
            <th>Tasks</th>
          </tr>
        </thead>
        <tbody>
          {by.map(({ status, task, queue, count, exact }) => (
            <tr key={`${status} ${task} ${queue}`}>
              <td>{status}</td>
              <td>{task}</td>
              <td>{queue}</td>
              <td class="number">
                {exact ? '' : '≈ '}
                {exactCount(count)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
