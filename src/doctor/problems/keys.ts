import type { Pool } from 'pg'
import { type ExpiringKey, findExpiringKeys } from '#keys/expiring.ts'
import { type Problem, timeText } from '../problem.ts'

export async function keyProblems(pool: Pool): Promise<Problem[]> {
  return (await findExpiringKeys(pool)).map(problemOf)
}

/** Without an action: a rotation answers the new key once, and a button would lose it. */
function problemOf({ id, name, expires_at }: ExpiringKey): Problem {
  return {
    code: 'key_expiring',
    sentence: `The key "${name}" ends at ${timeText(expires_at)}: its client is refused from then on; rotate it, and give the client the new one`,
    since: null,
    severity: 'notice',
    subject: { type: 'key', id },
    actions: []
  }
}
