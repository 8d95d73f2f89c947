import { type Question, question } from '../../state/acts/confirm.ts'
import { Button } from '../button.tsx'
import { useTypedName } from '../forms/typed-name.tsx'
import { Dialog } from './dialog.tsx'

/** The second question before an act: its button says the act's own verb. */
export function Confirm() {
  const asked = question.value
  return asked ? <Asked key={asked.title} {...asked} /> : null
}

function Asked({ title, text, yes, danger, grave, typed: wanted, needs, act }: Question) {
  const { field, isTyped } = useTypedName({ wanted, isGrave: grave === true })
  const close = () => {
    question.value = undefined
  }
  return (
    <Dialog title={title} onClose={close}>
      {text && <p class="soft">{text}</p>}
      {field}
      <div class="buttons end">
        <Button onClick={close}>Back</Button>
        <Button
          look={danger ? 'danger' : 'main'}
          needs={needs}
          disabled={!isTyped}
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
