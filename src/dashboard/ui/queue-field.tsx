import { useQuery } from '../state/query.ts'
import type { Queue } from '../state/shapes.ts'
import { Field } from './field.tsx'

interface QueueFieldProps {
  queue: string | undefined
  choose(name: string): void
  /** What no queue means; without it one must be chosen. */
  none?: string
  hint?: string | undefined
  wrong: string | undefined
}

/** One of the queues that there are. */
export function QueueField({ queue, choose, none, hint, wrong }: QueueFieldProps) {
  const queues = useQuery<{ items: Queue[] }>('/api/queues').data.value?.items ?? []
  return (
    <Field label="Queue" hint={hint} wrong={wrong}>
      {attributes => (
        <select {...attributes} value={queue} onChange={event => choose(event.currentTarget.value)}>
          {none && <option value="">{none}</option>}
          {queues.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
