import { href } from '../../state/browser/route.ts'
import type { Worker } from '../../state/service/shapes.ts'
import { since } from '../../state/service/time.ts'
import { plural } from '../../words/number.ts'
import { durationText } from '../../words/time.ts'

/** A dot for each attempt that it may run side by side; the filled ones lead to what runs. */
export function Slots({ worker }: { worker: Worker }) {
  const free = Math.max(0, worker.concurrency - worker.running.length)
  return (
    <div class="slots">
      {worker.running.map(({ task_id, task, started_at }) => {
        const text = `${task}, for ${durationText(since(started_at))}`
        return (
          <a key={task_id} class="slot busy" href={href(`/tasks/${task_id}`)} title={text}>
            <span class="only-heard">{text}</span>
          </a>
        )
      })}
      {Array.from({ length: Math.min(free, 200) }, (_, at) => (
        <span key={at} class="slot" aria-hidden="true" />
      ))}
      <span class="only-heard">{plural(free, 'free slot')}</span>
    </div>
  )
}
