import { seal, unseal } from '#secrets/at-rest.ts'
import type { Secrets } from '#secrets/master.ts'

// A repeated request has no other owner than the answer itself.
const owner = 'answer'

/** The answer to a repeatable request is kept for a day, and has a key in it: the database must not know that. */
export function answerKeeper(secrets: Secrets) {
  const key = secrets('idempotent answers with keys')
  return {
    seal: (body: unknown) => ({ sealed: seal(key, Buffer.from(JSON.stringify(body)), owner).toString('base64') }),
    open: (kept: unknown): unknown =>
      JSON.parse(unseal(key, Buffer.from((kept as { sealed: string }).sealed, 'base64'), owner).toString())
  }
}
