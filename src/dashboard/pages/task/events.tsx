import { href } from '../../state/browser/route.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Task, Timeline, TimelineItem } from '../../state/service/shapes.ts'
import { Refused, Waiting } from '../../ui/said.tsx'
import { kinOf, StatusGlyph } from '../../ui/status.tsx'
import { At, Span } from '../../ui/time.tsx'
import { shortId } from '../../words/number.ts'
import { isFinal } from '../../words/tasks/tasks.ts'
import { lineOf } from '../../words/tasks/timeline.ts'

/** What happened to it, in order: waits, attempts, changes of its state and who caused them. */
export function Events({ task }: { task: Task }) {
  const found = useQuery<Timeline>(`/api/tasks/${task.id}/timeline`, isFinal(task) ? 30 : 2)
  const items = found.data.value?.items
  return (
    <>
      <Refused query={found} />
      {!items && !found.error.value && <Waiting />}
      <div class="table-place" role="region" aria-label="Events" tabIndex={0}>
        <table class="table">
          <thead>
            <tr>
              <th>When</th>
              <th>What</th>
              <th>For</th>
              <th>By</th>
            </tr>
          </thead>
          <tbody>
            {items?.map((item, at) => (
              <tr key={at}>
                <td>
                  <At time={item.at} />
                </td>
                <td class={`status-${kinOf(item.outcome ?? '')}`}>
                  {item.type === 'attempt' && <StatusGlyph status={kinOf(item.outcome ?? 'running')} />} {lineOf(item)}
                </td>
                <td>{item.type === 'event' ? '' : <Span from={item.at} to={item.until} />}</td>
                <td class="soft">
                  <By item={item} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

function By({ item }: { item: TimelineItem }) {
  const by = item.by ?? (item.worker ? { kind: 'worker', id: item.worker } : null)
  if (!by) return null
  if (by.kind === 'request') return <span title={by.id}>a request</span>
  const room = by.kind === 'worker' ? 'workers' : 'schedules'
  return (
    <a href={href(`/${room}/${by.id}`)} title={by.id}>
      {by.kind} <span class="mono">{shortId(by.id)}</span>
    </a>
  )
}
