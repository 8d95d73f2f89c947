import type { Task } from '../../state/shapes.ts'
import { StatusWord } from '../../ui/status.tsx'
import { At } from '../../ui/time.tsx'

/** The moments of its life. */
export function Events({ task }: { task: Task }) {
  const moments: [string, string | null][] = [
    ['submitted', task.created_at],
    ['not before', task.eta],
    ['latest attempt started', task.started_at],
    ['finished', task.finished_at]
  ]
  return (
    <table class="table">
      <tbody>
        {moments
          .filter(([, at]) => at !== null)
          .map(([what, at]) => (
            <tr key={what}>
              <td>{what}</td>
              <td>
                <At time={at} />
              </td>
              <td>{what === 'finished' && <StatusWord status={task.status} />}</td>
            </tr>
          ))}
      </tbody>
    </table>
  )
}
