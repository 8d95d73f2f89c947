import type { ComponentChildren } from 'preact'
import { lacks } from '../../state/service/session.ts'
import type { Need } from '../../words/rights.ts'
import { Lacking } from '../lacking.tsx'

interface SubmitProps {
  needs: Need
  disabled?: boolean
  children: ComponentChildren
}

/** The button that sends a form. */
export function Submit({ needs, disabled = false, children }: SubmitProps) {
  const lacking = lacks(needs)
  return (
    <button type="submit" class="button main" disabled={disabled || lacking !== undefined}>
      <span>
        {children}
        <Lacking scope={lacking} />
      </span>
    </button>
  )
}
