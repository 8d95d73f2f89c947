import type { Pool } from 'pg'
import { OpenToThisMachine } from '#errors.ts'
import type { Problem } from '../problem.ts'

/** By the audit, which any process can read: only an API knows how it is asked. Lines end with the first key. */
export const strangersRefusedSql = `
select min(at) as since, coalesce(sum((detail -> 'codes' ->> $1)::int), 0)::int as requests
from darkroom.audit
where action = 'request.refuse' and at > now() - interval '1 hour' and detail -> 'codes' ? $1
  and not exists (select from darkroom.api_keys)`

/** Requests that a proxy has sent for the public, to a service without a key. */
export async function doorProblems(pool: Pool): Promise<Problem[]> {
  const { code } = new OpenToThisMachine('')
  const { rows } = await pool.query<{ since: Date | null; requests: number }>(strangersRefusedSql, [code])
  const { since, requests } = rows[0]!
  if (since === null) return []
  const many = requests === 1 ? 'a request' : `${requests} requests`
  return [
    {
      code: 'open_behind_proxy',
      sentence: `A proxy has sent ${many} for public addresses within the last hour, which were refused, as there is no key: run "darkroom key create --preset admin", or set AUTH=off if the proxy asks for a password`,
      since,
      severity: 'warning',
      subject: { type: 'service', id: 'doors' },
      actions: []
    }
  ]
}
