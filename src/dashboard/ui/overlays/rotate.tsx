import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { act } from '../../state/acts/act.ts'
import type { Need } from '../../words/rights.ts'
import { Button } from '../button.tsx'
import { type Length, LengthField } from '../forms/length-field.tsx'
import { Dialog } from './dialog.tsx'

const overlaps: Length[] = [
  [86_400, 'a day'],
  [3600, 'an hour'],
  [604_800, 'a week'],
  [0, 'not at all: the old one has leaked']
]

interface RotateProps<Answer> {
  title: string
  /** What is made. */
  text: string
  /** What goes on for a while, so that programs can be changed meanwhile. */
  label: string
  /** The act's own verb. */
  yes: string
  needs: Need
  path: string
  /** Said once it is done. */
  done: string
  close(): void
  /** Shows the secret, which no other answer has. */
  shown(answer: Answer): ComponentChildren
}

/** Gives something a new secret, and asks for how long the old one is good. */
export function Rotate<Answer>({ title, text, label, yes, needs, path, done, close, shown }: RotateProps<Answer>) {
  const [overlap, setOverlap] = useState(86_400)
  const [made, setMade] = useState<Answer>()
  async function rotate() {
    const answer = await act<Answer>(done, 'POST', `${path}/rotate`, { body: { overlap } })
    if (answer) setMade(answer)
  }
  if (made !== undefined) return <>{shown(made)}</>
  return (
    <Dialog title={title} onClose={close}>
      <p class="soft">{text}</p>
      <LengthField label={label} lengths={overlaps} seconds={overlap} choose={setOverlap} />
      <div class="buttons end">
        <Button onClick={close}>Back</Button>
        <Button look="main" needs={needs} onClick={rotate}>
          {yes}
        </Button>
      </div>
    </Dialog>
  )
}
