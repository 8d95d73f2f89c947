import { seal, unseal } from '#secrets/at-rest.ts'
import type { Secrets } from '#secrets/master.ts'

// A repeated request has no other owner than the answer itself.
const owner = 'answer'

/**
 * For answers that have a secret in them. They are kept for a day, so that a client whose first answer was lost on the
 * way gets it again; the database must not know what is in them.
 */
export function answerSealer(secrets: Secrets) {
  const key = secrets('idempotent answers with secrets')
  return {
    seal: (body: unknown) => ({ sealed: seal(key, Buffer.from(JSON.stringify(body)), owner).toString('base64') }),
    open: (kept: unknown): unknown =>
      JSON.parse(unseal(key, Buffer.from((kept as { sealed: string }).sealed, 'base64'), owner).toString())
  }
}
