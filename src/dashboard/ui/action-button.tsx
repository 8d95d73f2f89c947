import { act } from '../state/acts/act.ts'
import { confirm } from '../state/acts/confirm.ts'
import { useAbout } from '../state/service/about.ts'
import type { Action } from '../state/service/shapes.ts'
import { isProduction } from '../words/environment.ts'
import type { Scope } from '../words/rights.ts'
import { Button } from './button.tsx'

/** What a button does, in the words of the server. Production asks first. */
export function ActionButton({ action, main = false }: { action: Action; main?: boolean }) {
  const environment = useAbout()?.environment ?? null
  const { label, method, url, body } = action
  const needs = action.scope as Scope
  const send = () => act(`${label}: done`, method, url, body ? { body } : {})
  const ask = () => confirm({ title: `${label}?`, text: `This is ${environment}.`, yes: label, needs, act: send })
  return (
    <Button look={main ? 'main' : 'usual'} needs={needs} onClick={isProduction(environment) ? ask : send}>
      {label}
    </Button>
  )
}
