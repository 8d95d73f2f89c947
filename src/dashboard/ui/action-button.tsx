import { useAbout } from '../state/about.ts'
import { act } from '../state/act.ts'
import { confirm } from '../state/confirm.ts'
import type { Action } from '../state/shapes.ts'
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
