import type { KeyBody } from '#keys/schemas.ts'
import { print, printJson, remark } from '../screen/print.ts'

/** The key alone on stdout, so that a script can take it; the rest is for people. */
export function showNew(key: KeyBody & { key: string }, isJson: boolean | undefined) {
  if (isJson) return printJson(key)
  remark(`The key ${key.id} (${key.name}: ${key.scopes.join(', ')}); it is not shown again:`)
  print(key.key)
}
