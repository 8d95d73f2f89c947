import type { Kind } from '../state/shapes.ts'
import { Field } from './field.tsx'

interface KindFieldProps {
  kinds: readonly Kind[]
  task: string
  choose(name: string): void
  wrong: string | undefined
}

/** Which work it is, with what the kind says about itself. */
export function KindField({ kinds, task, choose, wrong }: KindFieldProps) {
  return (
    <Field label="Kind" hint={kinds.find(({ name }) => name === task)?.description ?? undefined} wrong={wrong}>
      {attributes => (
        <select {...attributes} value={task} onChange={event => choose(event.currentTarget.value)}>
          {kinds.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
