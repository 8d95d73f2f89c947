import type { ComponentChildren } from 'preact'
import type { ApiError } from '../../state/service/api.ts'
import type { Need } from '../../words/rights.ts'
import { Button } from '../button.tsx'
import { Drawer } from '../overlays/drawer.tsx'
import { Submit } from './submit.tsx'

interface FormDrawerProps {
  title: string
  /** Its fields. */
  children: ComponentChildren
  /** What the API said of the last try; what is wrong with a field stands beside that. */
  error: ApiError | undefined
  /** What the main button says. */
  label: string
  needs: Need
  onSubmit(): unknown
  onClose(): void
}

/** A form beside the page. */
export function FormDrawer({ title, children, error, label, needs, onSubmit, onClose }: FormDrawerProps) {
  return (
    <Drawer label={title} onClose={onClose}>
      <div class="drawer-head">
        <h2 tabIndex={-1}>{title}</h2>
        <Button icon="close" look="quiet" label="Close" title="Close (Escape)" onClick={onClose} />
      </div>
      <form
        class="drawer-body"
        onSubmit={event => {
          event.preventDefault()
          void onSubmit()
        }}
      >
        {children}
        {error && error.errors.length === 0 && <p class="bad breaks">{error.message}</p>}
        <div class="buttons">
          <Submit needs={needs}>{label}</Submit>
          <Button onClick={onClose}>Back</Button>
        </div>
      </form>
    </Drawer>
  )
}
