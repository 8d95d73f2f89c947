import { Field } from '../../ui/forms/field.tsx'
import type { PartProps } from './timing.tsx'

/** What seldom has to be said. */
export function Options({ draft, change, said }: PartProps) {
  return (
    <details>
      <summary>Options</summary>
      <div class="two">
        <Field label="Overlap" hint="Whether it makes a task while its last one is unfinished" wrong={said('overlap')}>
          {attributes => (
            <select
              {...attributes}
              value={draft.overlap}
              onChange={event => change({ overlap: event.currentTarget.value })}
            >
              <option value="allow">allow</option>
              <option value="skip">skip</option>
            </select>
          )}
        </Field>
        <Field label="Missed" hint="What becomes of occurrences more than 60 s late" wrong={said('missed')}>
          {attributes => (
            <select
              {...attributes}
              value={draft.missed}
              onChange={event => change({ missed: event.currentTarget.value })}
            >
              <option value="skip">skip: none of them runs</option>
              <option value="once">once: one task stands for all</option>
              <option value="all">all: each runs</option>
            </select>
          )}
        </Field>
      </div>
      <Field label="Queue" hint="Empty: that of the kind" wrong={said('queue')}>
        {attributes => (
          <input {...attributes} value={draft.queue} onInput={event => change({ queue: event.currentTarget.value })} />
        )}
      </Field>
      <Field label="Description" wrong={said('description')}>
        {attributes => (
          <input
            {...attributes}
            value={draft.description}
            onInput={event => change({ description: event.currentTarget.value })}
          />
        )}
      </Field>
    </details>
  )
}
