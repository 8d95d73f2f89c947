import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'

interface FieldProps {
  label: string
  hint?: string | undefined
  wrong?: string | undefined
  children(attributes: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }): ComponentChildren
}

/** What the API says about a field stands below it. */
export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId()
  const said = wrong ?? hint
  return (
    <div class="field">
      <label for={id}>
        <b>{label}</b>
      </label>
      {children({ id, ...(said && { 'aria-describedby': `${id}-said` }), ...(wrong && { 'aria-invalid': true }) })}
      {said && (
        <span id={`${id}-said`} class={wrong ? 'wrong' : 'hint'}>
          {said}
        </span>
      )}
    </div>
  )
}
