import { useState } from 'preact/hooks'
import { act } from '../../state/acts/act.ts'
import type { Queue } from '../../state/service/shapes.ts'
import { momentNow } from '../../state/service/time.ts'
import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/forms/field.tsx'
import { type Length, LengthField } from '../../ui/forms/length-field.tsx'
import { Submit } from '../../ui/forms/submit.tsx'
import { Dialog } from '../../ui/overlays/dialog.tsx'

const lengths: Length[] = [
  [0, 'until it is resumed'],
  [3600, 'for an hour'],
  [14_400, 'for four hours'],
  [86_400, 'for a day']
]

/** Asks for the reason and the length of a pause; the card of the queue shows both. */
export function PauseDialog({ queue, close }: { queue: Queue; close(): void }) {
  const [seconds, setSeconds] = useState(0)
  const [reason, setReason] = useState('')
  const [, chosen] = lengths.find(([each]) => each === seconds)!
  const length = seconds === 0 ? chosen : `${chosen}, unless it is resumed before`
  async function pause() {
    const until = seconds === 0 ? undefined : new Date(momentNow() + seconds * 1000).toISOString()
    const body = { ...(reason.trim() && { reason: reason.trim() }), ...(until && { until }) }
    const path = `/api/queues/${encodeURIComponent(queue.name)}/pause`
    if (await act(`Queue ${queue.name} is paused`, 'POST', path, { body })) close()
  }
  return (
    <Dialog title={`Pause queue ${queue.name}?`} onClose={close}>
      <p class="soft">Running tasks finish, and new ones are accepted. None starts {length}.</p>
      <form
        onSubmit={event => {
          event.preventDefault()
          void pause()
        }}
      >
        <Field label="Reason" hint="Optional; it is shown with the queue">
          {attributes => (
            <input
              {...attributes}
              maxLength={500}
              value={reason}
              onInput={event => setReason(event.currentTarget.value)}
            />
          )}
        </Field>
        <LengthField label="For how long" lengths={lengths} seconds={seconds} choose={setSeconds} />
        <div class="buttons end">
          <Button onClick={close}>Back</Button>
          <Submit needs="pauseQueue">Pause queue</Submit>
        </div>
      </form>
    </Dialog>
  )
}
