import { useState } from 'preact/hooks'
import { tell } from '../../state/acts/act.ts'
import { type ApiError, request } from '../../state/service/api.ts'
import { refreshAll } from '../../state/service/query.ts'
import type { Webhook } from '../../state/service/shapes.ts'
import { momentNow } from '../../state/service/time.ts'
import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/forms/field.tsx'
import { Dialog } from '../../ui/overlays/dialog.tsx'
import { fieldError } from '../../ui/said.tsx'
import { plural } from '../../words/number.ts'
import { isoText, writtenText } from '../../words/time.ts'
import { pathOf } from './act.tsx'

interface Replayed {
  replayed: number
  continue_since: string | null
}

interface ReplayProps {
  webhook: Webhook
  /** Where the messages begin that it missed; a day ago if that is not known. */
  from: string | undefined
  close(): void
}

const day = 86_400_000
const form = 'Such as 2027-01-31 09:00, in your time zone'

/** Messages of a time once more. One request sends 10,000 at most; then the dialog offers the rest. */
export function Replay({ webhook, from, close }: ReplayProps) {
  const [since, setSince] = useState(() => writtenText(new Date(from ?? momentNow() - day)))
  const [until, setUntil] = useState('')
  const [only, setOnly] = useState('failed')
  const [error, setError] = useState<ApiError | undefined>()
  const [rest, setRest] = useState<string>()
  async function send() {
    try {
      const body = { since: rest ?? isoText(since), ...(until && { until: isoText(until) }), only }
      const answer = await request<Replayed>('POST', `${pathOf(webhook)}/replay`, { body })
      tell(answer.replayed === 1 ? '1 message is sent again' : `${plural(answer.replayed, 'message')} are sent again`)
      void refreshAll()
      setError(undefined)
      if (answer.continue_since === null) close()
      else setRest(answer.continue_since)
    } catch (failure) {
      setError(failure as ApiError)
    }
  }
  return (
    <Dialog title="Replay messages" onClose={close}>
      {rest === undefined ? (
        <>
          <p class="soft">They are sent again under their ids, with eight tries each.</p>
          <Text label="Since" hint={form} value={since} wrong={fieldError(error, 'since')} change={setSince} />
          <Text
            label="Until"
            hint="Empty: until now"
            value={until}
            wrong={fieldError(error, 'until')}
            change={setUntil}
          />
          <Field label="Messages">
            {attributes => (
              <select {...attributes} value={only} onChange={event => setOnly(event.currentTarget.value)}>
                <option value="failed">that were given up</option>
                <option value="all">all, also those that were delivered</option>
              </select>
            )}
          </Field>
        </>
      ) : (
        <p>There are more than 10,000: the rest can be sent now.</p>
      )}
      {error && error.errors.length === 0 && <p class="bad breaks">{error.message}</p>}
      <div class="buttons end">
        <Button onClick={close}>Back</Button>
        <Button look="main" onClick={send}>
          {rest === undefined ? 'Replay messages' : 'Replay the rest'}
        </Button>
      </div>
    </Dialog>
  )
}

interface TextProps {
  label: string
  hint: string
  value: string
  wrong: string | undefined
  change(value: string): void
}

function Text({ label, hint, value, wrong, change }: TextProps) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {attributes => <input {...attributes} value={value} onInput={event => change(event.currentTarget.value)} />}
    </Field>
  )
}
