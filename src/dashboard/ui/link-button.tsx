import type { ComponentChildren } from 'preact'
import { href } from '../state/browser/route.ts'
import { lacks } from '../state/service/session.ts'
import type { Need } from '../words/rights.ts'
import { Button } from './button.tsx'
import { Icon, type IconName } from './icons.tsx'

interface LinkButtonProps {
  to: string
  icon?: IconName
  look?: 'usual' | 'main'
  /** The act that the page behind it is for. */
  needs: Need
  children: ComponentChildren
}

/** Leads to a form; disabled where that could not be sent. */
export function LinkButton({ to, icon, look = 'usual', needs, children }: LinkButtonProps) {
  if (lacks(needs)) {
    return (
      <Button look={look} needs={needs} {...(icon && { icon })}>
        {children}
      </Button>
    )
  }
  return (
    <a class={`button ${look}`} href={href(to)}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </a>
  )
}
