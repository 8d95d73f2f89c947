import { useState } from 'preact/hooks'
import { act } from '../../state/acts/act.ts'
import type { Problem } from '../../state/service/shapes.ts'
import { momentNow } from '../../state/service/time.ts'
import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/forms/field.tsx'
import { type Length, LengthField } from '../../ui/forms/length-field.tsx'
import { Dialog } from '../../ui/overlays/dialog.tsx'

const lengths: Length[] = [
  [3600, 'an hour'],
  [14_400, 'four hours'],
  [86_400, 'a day'],
  [604_800, 'a week']
]

/** Webhooks are told nothing of it for a while; the page shows it all the same. */
export function SilenceDialog({ problem, close }: { problem: Problem; close(): void }) {
  const [seconds, setSeconds] = useState(3600)
  const [reason, setReason] = useState('')
  const [all, setAll] = useState(false)
  async function silence() {
    const { code, subject } = problem
    const until = new Date(momentNow() + seconds * 1000).toISOString()
    const body = { code, subject: all ? null : subject, until, reason: reason.trim() || null }
    if (await act('Webhooks are not told of it', 'POST', '/api/problems/silences', { body })) close()
  }
  return (
    <Dialog title={`Silence ${problem.code}?`} onClose={close}>
      <p class="soft">Webhooks are told nothing of it until then, and at the end if it still stands.</p>
      <LengthField label="For" lengths={lengths} seconds={seconds} choose={setSeconds} />
      <Field label="Reason">
        {attributes => (
          <input
            {...attributes}
            maxLength={500}
            value={reason}
            onInput={event => setReason(event.currentTarget.value)}
          />
        )}
      </Field>
      <label class="check">
        <input type="checkbox" checked={all} onChange={event => setAll(event.currentTarget.checked)} />
        Not only of {problem.subject.type} {problem.subject.id}: of every one
      </label>
      <div class="buttons end">
        <Button onClick={close}>Back</Button>
        <Button look="main" needs="silenceProblem" onClick={silence}>
          Silence
        </Button>
      </div>
    </Dialog>
  )
}
