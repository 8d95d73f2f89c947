import type { Kind } from '../../state/service/shapes.ts'
import { Field } from './field.tsx'
import { NameSelect } from './name-select.tsx'

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
        <NameSelect attributes={attributes} names={kinds.map(({ name }) => name)} chosen={task} choose={choose} />
      )}
    </Field>
  )
}
