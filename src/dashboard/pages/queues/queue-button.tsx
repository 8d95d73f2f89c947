import { useState } from 'preact/hooks'
import { act } from '../../state/acts/act.ts'
import type { Queue } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { PauseDialog } from './pause-dialog.tsx'

/** Pause asks first, since it stops work; Resume does not. By their keys no button changes its meaning under a finger. */
export function QueueButton({ queue }: { queue: Queue }) {
  const [asking, setAsking] = useState(false)
  const path = `/api/queues/${encodeURIComponent(queue.name)}`
  return (
    <>
      {queue.paused ? (
        <Button
          key="resume"
          icon="play"
          look="main"
          needs="resumeQueue"
          onClick={() => act(`Queue ${queue.name} is resumed`, 'POST', `${path}/resume`)}
        >
          Resume<span class="only-heard"> queue {queue.name}</span>
        </Button>
      ) : (
        <Button key="pause" icon="pause" needs="pauseQueue" onClick={() => setAsking(true)}>
          Pause<span class="only-heard"> queue {queue.name}</span>
        </Button>
      )}
      {asking && <PauseDialog queue={queue} close={() => setAsking(false)} />}
    </>
  )
}
