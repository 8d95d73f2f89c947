import { randomUUID } from 'node:crypto'
import { print, printJson, remark } from '../screen/print.ts'
import type { Service } from '../service/service.ts'
import type { SigningKey } from './list.ts'

/** The key alone on stdout, so that a script can take it. */
export async function addSigningKey(service: Service, { json, name }: { json?: boolean; name: string }) {
  // With a key of its own the request may be repeated where the answer is lost.
  const ask = { body: { name }, headers: { 'idempotency-key': randomUUID() }, repeatable: true }
  const made = await service.patient<SigningKey & { key: string }>('POST', 'api/signing-keys', ask)
  if (json) return printJson(made)
  remark(`The signing key ${made.kid} (${made.name}); it is not shown again:`)
  print(made.key)
}
