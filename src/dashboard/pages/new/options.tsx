import type { Kind } from '../../state/service/shapes.ts'
import { Field } from '../../ui/forms/field.tsx'
import { QueueField } from '../../ui/forms/queue-field.tsx'
import type { TaskOptions } from '../../words/tasks/submission.ts'

interface OptionsProps {
  options: TaskOptions
  kind: Kind | undefined
  change(options: TaskOptions): void
  /** What the API says about a field. */
  said(field: string): string | undefined
}

/** The name, and what seldom has to be said. */
export function Options({ options, kind, change, said }: OptionsProps) {
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
          <QueueField
            queue={options.queue}
            choose={queue => change({ ...options, queue })}
            none="That of the kind"
            hint={kind && `Usually ${kind.queue}`}
            wrong={said('queue')}
          />
          {text('priority', 'Priority', '0 to 9, higher first', 'numeric')}
          {text('countdown', 'Countdown', 'Seconds until it may start', 'decimal')}
          {text('max_retries', 'Retries', kind && `Usually ${kind.retries.max_retries}`, 'numeric')}
        </div>
        {text('tags', 'Tags', 'With blanks between')}
      </details>
    </>
  )
}
