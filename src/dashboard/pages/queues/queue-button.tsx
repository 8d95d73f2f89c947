import { act } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import type { Queue } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'

/** Pause asks first, since it stops work; Resume does not. By their keys no button changes its meaning under a finger. */
export function QueueButton({ queue }: { queue: Queue }) {
  const path = `/api/queues/${encodeURIComponent(queue.name)}`
  if (queue.paused) {
    return (
      <Button
        key="resume"
        icon="play"
        look="main"
        needs="resumeQueue"
        onClick={() => act(`Queue ${queue.name} is resumed`, 'POST', `${path}/resume`)}
      >
        Resume<span class="only-heard"> queue {queue.name}</span>
      </Button>
    )
  }
  return (
    <Button
      key="pause"
      icon="pause"
      needs="pauseQueue"
      onClick={() =>
        confirm({
          title: `Pause queue ${queue.name}?`,
          text: 'Running tasks finish, and new ones are accepted. None starts until it is resumed.',
          yes: 'Pause queue',
          needs: 'pauseQueue',
          act: () => act(`Queue ${queue.name} is paused`, 'POST', `${path}/pause`)
        })
      }
    >
      Pause<span class="only-heard"> queue {queue.name}</span>
    </Button>
  )
}
