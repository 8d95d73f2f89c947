import { useState } from 'preact/hooks'
import { useAbout } from '../state/about.ts'
import { type Question, question } from '../state/confirm.ts'
import { isProduction } from '../words/environment.ts'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'

/** The second question before an act: its button says the act's own verb. */
export function Confirm() {
  const asked = question.value
  return asked ? <Asked key={asked.title} {...asked} /> : null
}

function Asked({ title, text, yes, danger, grave, typed: wanted, needs, act }: Question) {
  const environment = useAbout()?.environment ?? null
  const typed = wanted ?? (grave && isProduction(environment) ? environment! : undefined)
  const [said, setSaid] = useState('')
  const close = () => {
    question.value = undefined
  }
  return (
    <Dialog title={title} onClose={close}>
      {text && <p class="soft">{text}</p>}
      {typed !== undefined && (
        <label class="field">
          <span>
            Type <b class="mono">{typed}</b>
          </span>
          <input value={said} onInput={event => setSaid(event.currentTarget.value)} />
        </label>
      )}
      <div class="buttons end">
        <Button onClick={close}>Back</Button>
        <Button
          look={danger ? 'danger' : 'main'}
          needs={needs}
          disabled={typed !== undefined && said !== typed}
          onClick={async () => {
            await act()
            close()
          }}
        >
          {yes}
        </Button>
      </div>
    </Dialog>
  )
}
