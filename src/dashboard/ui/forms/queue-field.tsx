import { useQuery } from '../../state/service/query.ts'
import type { Queue } from '../../state/service/shapes.ts'
import { Field } from './field.tsx'
import { NameSelect } from './name-select.tsx'

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
        <NameSelect
          attributes={attributes}
          names={queues.map(({ name }) => name)}
          chosen={queue}
          {...{ choose, none }}
        />
      )}
    </Field>
  )
}
