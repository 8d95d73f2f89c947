import { useState } from 'preact/hooks'
import { act } from '../../state/act.ts'
import type { Webhook } from '../../state/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { pathOf } from './act.tsx'
import { Secret } from './secret.tsx'

const overlaps: [seconds: number, text: string][] = [
  [86_400, 'a day'],
  [3600, 'an hour'],
  [604_800, 'a week'],
  [0, 'not at all: the old secret has leaked']
]

/** A new secret; the old one goes on for a while, so that receivers can be changed meanwhile. */
export function Rotate({ webhook, close }: { webhook: Webhook; close(): void }) {
  const [overlap, setOverlap] = useState(86_400)
  const [secret, setSecret] = useState<string>()
  async function rotate() {
    const path = `${pathOf(webhook)}/rotate`
    const answer = await act<{ secret: string }>('The webhook has a new secret', 'POST', path, { body: { overlap } })
    if (answer) setSecret(answer.secret)
  }
  if (secret !== undefined) return <Secret title="The new secret" secret={secret} onClose={close} />
  return (
    <Dialog title="Rotate the secret?" onClose={close}>
      <p class="soft">Messages are signed with a new secret, which is shown next.</p>
      <Field label="Sign with the old one, too, for">
        {attributes => (
          <select
            {...attributes}
            value={String(overlap)}
            onChange={event => setOverlap(Number(event.currentTarget.value))}
          >
            {overlaps.map(([seconds, text]) => (
              <option key={seconds} value={String(seconds)}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      <div class="buttons end">
        <Button onClick={close}>Back</Button>
        <Button look="main" onClick={rotate}>
          Rotate secret
        </Button>
      </div>
    </Dialog>
  )
}
