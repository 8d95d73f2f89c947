import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/forms/field.tsx'
import { cronText } from '../../words/schedules/cron.ts'
import type { Draft, Rule } from '../../words/schedules/draft.ts'

export interface PartProps {
  draft: Draft
  change(part: Partial<Draft>): void
  /** What the API says about a field. */
  said(field: string): string | undefined
}

const rules: [Rule, string][] = [
  ['cron', 'By cron'],
  ['every', 'Every so often'],
  ['at', 'Once']
]

/** When it comes: by one of three rules. */
export function Timing({ draft, change, said }: PartProps) {
  return (
    <>
      <fieldset class="choice">
        <legend>When</legend>
        <div class="buttons">
          {rules.map(([rule, label]) => (
            <Button key={rule} pressed={draft.rule === rule} onClick={() => change({ rule })}>
              {label}
            </Button>
          ))}
        </div>
      </fieldset>
      {draft.rule === 'cron' && (
        <div class="two">
          <Field label="Cron" hint={cronText(draft.cron)} wrong={said('cron')}>
            {attributes => (
              <input
                {...attributes}
                class="mono"
                spellcheck={false}
                value={draft.cron}
                onInput={event => change({ cron: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label="Time zone" wrong={said('timezone')}>
            {attributes => (
              <input
                {...attributes}
                value={draft.timezone}
                onInput={event => change({ timezone: event.currentTarget.value })}
              />
            )}
          </Field>
        </div>
      )}
      {draft.rule === 'every' && (
        <Field label="Seconds" wrong={said('every')}>
          {attributes => (
            <input
              {...attributes}
              inputMode="decimal"
              value={draft.every}
              onInput={event => change({ every: event.currentTarget.value })}
            />
          )}
        </Field>
      )}
      {draft.rule === 'at' && (
        <Field label="At" hint="Such as 2027-01-31 09:00, in your time zone" wrong={said('at')}>
          {attributes => (
            <input {...attributes} value={draft.at} onInput={event => change({ at: event.currentTarget.value })} />
          )}
        </Field>
      )}
    </>
  )
}
