import { useState } from 'preact/hooks'
import type { ApiError } from '../state/service/api.ts'
import { secretsShown } from '../state/service/door.ts'
import { signIn, signingIn } from '../state/service/session.ts'
import { Field } from '../ui/forms/field.tsx'
import { Dialog } from '../ui/overlays/dialog.tsx'

/** Above the page, of which nothing is lost; never above a secret that is shown once. */
export function SignIn() {
  if (!signingIn.value || secretsShown.value > 0) return null
  return <Asked />
}

function Asked() {
  const [key, setKey] = useState('')
  const [refused, setRefused] = useState<string>()
  const [busy, setBusy] = useState(false)
  async function send() {
    setBusy(true)
    await signIn(key.trim()).catch((failure: ApiError) => setRefused(failure.message))
    setBusy(false)
  }
  return (
    <Dialog
      title="Sign in"
      stays
      onClose={() => {
        signingIn.value = false
      }}
    >
      <p class="soft">This service asks for a key. It is exchanged for a cookie, and the browser does not keep it.</p>
      <form
        onSubmit={event => {
          event.preventDefault()
          void send()
        }}
      >
        <Field label="Key" hint="It begins with dr_k_" wrong={refused}>
          {attributes => (
            <input
              {...attributes}
              class="mono"
              type="password"
              autocomplete="off"
              spellcheck={false}
              value={key}
              onInput={event => setKey(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="buttons end">
          <button type="submit" class="button main" disabled={busy || key.trim() === ''} aria-busy={busy || undefined}>
            Sign in
          </button>
        </div>
      </form>
    </Dialog>
  )
}
