import type { Scope } from '../words/rights.ts'

/** Why a button cannot be pressed, so that its user can say what has to be. */
export function Lacking({ scope }: { scope: Scope | undefined }) {
  if (!scope) return null
  return (
    <span class="lacking">
      {' '}
      needs <b>{scope}</b>
    </span>
  )
}
