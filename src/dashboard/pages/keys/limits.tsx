import type { ApiError } from '../../state/service/api.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Kind, Queue } from '../../state/service/shapes.ts'
import { Field } from '../../ui/forms/field.tsx'
import { NameChecks } from '../../ui/forms/name-checks.tsx'
import { fieldError } from '../../ui/said.tsx'
import { counts, type KeyDraft, scopeTexts } from '../../words/key.ts'

export interface PartProps {
  draft: KeyDraft
  change(part: Partial<KeyDraft>): void
  error: ApiError | undefined
}

/** Each scope with what it opens. */
export function Scopes({ draft: { scopes }, change, error }: PartProps) {
  const wrong = fieldError(error, 'scopes')
  return (
    <fieldset class="checks">
      <legend>Scopes</legend>
      {wrong && <p class="bad">{wrong}</p>}
      {scopeTexts.map(([scope, text]) => (
        <label key={scope} class="check">
          <input
            type="checkbox"
            checked={scopes.includes(scope)}
            onChange={event =>
              change({
                scopes: event.currentTarget.checked ? [...scopes, scope] : scopes.filter(one => one !== scope)
              })
            }
          />
          <span>
            {scope} <span class="soft">{text}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}

/** What it may not go beyond; usually nothing. */
export function Limits({ draft, change, error }: PartProps) {
  const queues = useQuery<{ items: Queue[] }>('/api/queues').data.value?.items ?? []
  const kinds = useQuery<{ items: Kind[] }>('/api/kinds').data.value?.items ?? []
  const said = (limit: string) => fieldError(error, `limits.${limit}`)
  return (
    <details>
      <summary>Limits</summary>
      <label class="check">
        <input type="checkbox" checked={draft.own} onChange={event => change({ own: event.currentTarget.checked })} />
        It sees and steers only what it has created
      </label>
      <NameChecks
        legend="Kinds"
        hint={draft.kinds.length === 0 ? 'None chosen: all kinds' : undefined}
        wrong={said('kinds')}
        names={kinds.map(({ name }) => name)}
        chosen={draft.kinds}
        change={kinds => change({ kinds })}
      />
      <NameChecks
        legend="Queues"
        hint={draft.queues.length === 0 ? 'None chosen: all queues' : undefined}
        wrong={said('queues')}
        names={queues.map(({ name }) => name)}
        chosen={draft.queues}
        change={queues => change({ queues })}
      />
      <Field
        label="Networks"
        hint="Such as 10.1.0.0/16, with blanks between; empty: from everywhere"
        wrong={said('networks') ?? said('networks[0]')}
      >
        {attributes => (
          <input
            {...attributes}
            class="mono"
            value={draft.networks}
            onInput={event => change({ networks: event.currentTarget.value })}
          />
        )}
      </Field>
      <div class="two">
        {counts.map(([count, text]) => (
          <Field key={count} label={text} wrong={said(count)}>
            {attributes => (
              <input
                {...attributes}
                inputMode="decimal"
                value={draft.counts[count] ?? ''}
                onInput={event => change({ counts: { ...draft.counts, [count]: event.currentTarget.value } })}
              />
            )}
          </Field>
        ))}
      </div>
    </details>
  )
}
