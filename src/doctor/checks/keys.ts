import { findExpiringKeys } from '#keys/expiring.ts'
import type { CheckNeeds, Finding } from '../finding.ts'
import { timeText } from '../problem.ts'

/** Keys that are about to end. */
export async function checkKeys({ pool }: CheckNeeds): Promise<Finding[]> {
  return (await findExpiringKeys(pool)).map(({ id, name, expires_at, last_used_at }) => ({
    code: 'key_expiring',
    severity: 'notice',
    what: `The key "${name}" ends at ${timeText(expires_at)}`,
    why: 'Requests with it are refused from then on, and what it has open ends',
    evidence: { key: id, expires_at, last_used_at },
    fix: `darkroom key rotate ${id}`
  }))
}
