import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { lacks } from '../state/service/session.ts'
import type { Need } from '../words/rights.ts'
import { Icon, type IconName } from './icons.tsx'
import { Lacking } from './lacking.tsx'

interface ButtonProps {
  icon?: IconName
  /** Said where only the icon is shown. */
  label?: string
  look?: 'usual' | 'main' | 'danger' | 'quiet'
  title?: string
  disabled?: boolean
  /** The act, or the scope, without which it is disabled. */
  needs?: Need | undefined
  pressed?: boolean
  children?: ComponentChildren
  id?: string
  onClick?(event: MouseEvent): unknown
}

/** While its act runs it cannot be pressed again. */
export function Button({
  icon,
  label,
  look = 'usual',
  disabled,
  needs,
  pressed,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  const [busy, setBusy] = useState(false)
  async function press(event: MouseEvent) {
    const acting = onClick?.(event)
    if (!(acting instanceof Promise)) return
    setBusy(true)
    await acting.catch(() => {})
    setBusy(false)
  }
  const lacking = lacks(needs)
  return (
    <button
      {...rest}
      {...(lacking && { title: `Needs the scope ${lacking}` })}
      type="button"
      class={`button ${look}${children === undefined ? ' only-icon' : ''}`}
      aria-label={label}
      aria-pressed={pressed}
      aria-busy={busy || undefined}
      disabled={disabled || busy || lacking !== undefined}
      onClick={press}
    >
      {icon && <Icon name={icon} />}
      {children !== undefined && (
        <span>
          {children}
          <Lacking scope={lacking} />
        </span>
      )}
    </button>
  )
}
