import { useState } from 'preact/hooks'
import { tell } from '../../state/acts/act.ts'
import { randomName } from '../../state/browser/random.ts'
import { type ApiError, request } from '../../state/service/api.ts'
import { refreshAll } from '../../state/service/query.ts'
import { session, signIn } from '../../state/service/session.ts'
import { momentNow } from '../../state/service/time.ts'
import { Field } from '../../ui/forms/field.tsx'
import { FormDrawer } from '../../ui/forms/form-drawer.tsx'
import { fieldError } from '../../ui/said.tsx'
import { bodyOf, expiries, newDraft, presetTexts } from '../../words/key.ts'
import { Limits, type PartProps, Scopes } from './limits.tsx'
import { ShownKey } from './shown-key.tsx'

/** Makes a key, beside the list. The first one closes the service: with it this page signs in. */
export function NewKey({ close }: { close(): void }) {
  const [isFirst] = useState(() => session()?.open === true)
  const [draft, setDraft] = useState(() => newDraft(isFirst ? 'admin' : 'viewer'))
  const [error, setError] = useState<ApiError | undefined>()
  const [made, setMade] = useState<string>()
  // One for each form: a double click makes one key.
  const [repeat, setRepeat] = useState(randomName)
  async function create() {
    try {
      const ask = { body: bodyOf(draft, momentNow()), headers: { 'idempotency-key': repeat } }
      setMade((await request<{ key: string }>('POST', '/api/keys', ask)).key)
      if (!isFirst) void refreshAll()
    } catch (failure) {
      setError(failure as ApiError)
      setRepeat(randomName())
    }
  }
  if (made !== undefined) {
    const enter = () => signIn(made).then(close, (failure: ApiError) => tell(failure.message, true))
    return isFirst ? (
      <ShownKey title="The key is made" secret={made} done="Copied: sign in with it" onClose={enter} />
    ) : (
      <ShownKey title="The key is made" secret={made} onClose={close} />
    )
  }
  return (
    <FormDrawer title="New key" error={error} label="Create" needs="createKey" onSubmit={create} onClose={close}>
      <Fields draft={draft} change={part => setDraft(draft => ({ ...draft, ...part }))} error={error} />
    </FormDrawer>
  )
}

function Fields(props: PartProps) {
  const { draft, change, error } = props
  const said = (field: string) => fieldError(error, field)
  return (
    <>
      <Field label="Name" hint="Of the program or the person; what it creates says it" wrong={said('name')}>
        {attributes => (
          <input
            {...attributes}
            autocomplete="off"
            value={draft.name}
            onInput={event => change({ name: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label="It may" wrong={said('preset')}>
        {attributes => (
          <select
            {...attributes}
            value={draft.preset}
            onChange={event => change({ preset: event.currentTarget.value })}
          >
            {presetTexts.map(([preset, text]) => (
              <option key={preset} value={preset}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      {draft.preset === '' && <Scopes {...props} />}
      <Field label="It ends after" wrong={draft.expiry === 'at' ? undefined : said('expires_at')}>
        {attributes => (
          <select
            {...attributes}
            value={draft.expiry}
            onChange={event => change({ expiry: event.currentTarget.value })}
          >
            {expiries.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
      {draft.expiry === 'at' && (
        <Field label="Until" hint="Such as 2027-01-31 09:00, in your time zone" wrong={said('expires_at')}>
          {attributes => (
            <input {...attributes} value={draft.at} onInput={event => change({ at: event.currentTarget.value })} />
          )}
        </Field>
      )}
      <Limits {...props} />
    </>
  )
}
