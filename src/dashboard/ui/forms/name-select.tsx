import type { ComponentProps } from 'preact'

interface NameSelectProps {
  attributes: ComponentProps<'select'>
  names: readonly string[]
  chosen: string | undefined
  choose(name: string): void
  /** What no name means; without it one must be chosen. */
  none?: string | undefined
}

/** One of the names that there are. */
export function NameSelect({ attributes, names, chosen, choose, none }: NameSelectProps) {
  return (
    <select {...attributes} value={chosen} onChange={event => choose(event.currentTarget.value)}>
      {none && <option value="">{none}</option>}
      {names.map(name => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  )
}
