import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { Icon, type IconName } from './icons.tsx'

interface ButtonProps {
  icon?: IconName
  /** Said where only the icon is shown. */
  label?: string
  look?: 'usual' | 'main' | 'danger' | 'quiet'
  title?: string
  disabled?: boolean
  pressed?: boolean
  children?: ComponentChildren
  id?: string
  onClick?(event: MouseEvent): unknown
}

/** While its act runs it cannot be pressed again. */
export function Button({ icon, label, look = 'usual', disabled, pressed, children, onClick, ...rest }: ButtonProps) {
  const [busy, setBusy] = useState(false)
  async function press(event: MouseEvent) {
    const acting = onClick?.(event)
    if (!(acting instanceof Promise)) return
    setBusy(true)
    await acting.catch(() => {})
    setBusy(false)
  }
  return (
    <button
      {...rest}
      type="button"
      class={`button ${look}${children === undefined ? ' only-icon' : ''}`}
      aria-label={label}
      aria-pressed={pressed}
      aria-busy={busy || undefined}
      disabled={disabled || busy}
      onClick={press}
    >
      {icon && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  )
}
