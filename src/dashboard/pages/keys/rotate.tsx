import { useState } from 'preact/hooks'
import { act } from '../../state/act.ts'
import type { Key } from '../../state/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { ShownKey } from './shown-key.tsx'

const overlaps: [seconds: number, text: string][] = [
  [86_400, 'a day'],
  [3600, 'an hour'],
  [604_800, 'a week'],
  [0, 'not at all: it has leaked']
]

/** A second key with the same rights; the old one works for a while, so that programs can be changed meanwhile. */
export function Rotate({ item, close }: { item: Key; close(): void }) {
  const [overlap, setOverlap] = useState(86_400)
  const [made, setMade] = useState<string>()
  async function rotate() {
    const path = `/api/keys/${item.id}/rotate`
    const answer = await act<{ key: string }>('There is a new key', 'POST', path, { body: { overlap } })
    if (answer) setMade(answer.key)
  }
  if (made !== undefined) return <ShownKey title={`The new key of ${item.name}`} secret={made} onClose={close} />
  return (
    <Dialog title={`Rotate ${item.name}?`} onClose={close}>
      <p class="soft">A new key with the same scopes and limits is made and shown next.</p>
      <Field label="The old one works for">
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
        <Button look="main" needs="rotateKey" onClick={rotate}>
          Rotate key
        </Button>
      </div>
    </Dialog>
  )
}
