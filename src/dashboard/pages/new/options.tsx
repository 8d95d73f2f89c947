import { useQuery } from '../../state/query.ts'
import type { Kind, Queue } from '../../state/shapes.ts'
import { Field } from '../../ui/field.tsx'
import type { TaskOptions } from '../../words/submission.ts'

interface OptionsProps {
  options: TaskOptions
  kind: Kind | undefined
  change(options: TaskOptions): void
  /** What the API says about a field. */
  said(field: string): string | undefined
}

/** The name, and what seldom has to be said. */
export function Options({ options, kind, change, said }: OptionsProps) {
  const queues = useQuery<{ items: Queue[] }>('/api/queues').data.value?.items ?? []
  const text = (
    name: keyof TaskOptions,
    label: string,
    hint: string | undefined,
    inputMode?: 'numeric' | 'decimal'
  ) => (
    <Field label={label} hint={hint} wrong={said(name)}>
      {attributes => (
        <input
          {...attributes}
          inputMode={inputMode}
          value={options[name]}
          onInput={event => change({ ...options, [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  )
  return (
    <>
      {text('name', 'Name', 'To find it by; may be left out')}
      <details>
        <summary>Options</summary>
        <div class="two">
          <Field label="Queue" hint={kind && `Usually ${kind.queue}`} wrong={said('queue')}>
            {attributes => (
              <select
                {...attributes}
                value={options.queue}
                onChange={event => change({ ...options, queue: event.currentTarget.value })}
              >
                <option value="">That of the kind</option>
                {queues.map(({ name }) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {text('priority', 'Priority', '0 to 9, higher first', 'numeric')}
          {text('countdown', 'Countdown', 'Seconds until it may start', 'decimal')}
          {text('max_retries', 'Retries', kind && `Usually ${kind.retries.max_retries}`, 'numeric')}
        </div>
        {text('tags', 'Tags', 'With blanks between')}
      </details>
    </>
  )
}
