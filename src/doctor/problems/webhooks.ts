import type { Pool } from 'pg'
import { type Problem, timeText } from '../problem.ts'

interface Row {
  id: string
  url: string
  description: string | null
  disabled_reason: 'gone' | 'failing' | null
  disabled_at: Date | null
  failures: number
  failing_since: Date | null
}

/** Given up, or without a success for five minutes and three attempts. */
export const findTroubledWebhooksSql = `
select w.id, w.url, w.description, w.disabled_reason, w.disabled_at, w.failures, w.failing_since
from darkroom.webhooks w
where w.disabled_reason in ('gone', 'failing')
  or (w.enabled and w.failures >= 3 and w.failing_since < now() - interval '5 minutes')
order by coalesce(w.disabled_at, w.failing_since) limit 100`

export async function webhookProblems(pool: Pool): Promise<Problem[]> {
  const { rows } = await pool.query<Row>(findTroubledWebhooksSql)
  return rows.map(problemOf)
}

function problemOf({ id, url, description, disabled_reason, disabled_at, failures, failing_since }: Row): Problem {
  // Its path may hold a secret of the receiver.
  const name = description ?? new URL(url).host
  const subject = { type: 'webhook', id }
  if (disabled_at) {
    const why =
      disabled_reason === 'gone'
        ? 'its receiver answered 410, and nothing is kept for it: delete it, or enable it if it is wanted again'
        : 'its receiver has taken no message for five days; what happens is kept for it: mend the receiver, enable the webhook and replay'
    return {
      code: 'webhook_disabled',
      sentence: `The webhook "${name}" is disabled since ${timeText(disabled_at)}: ${why}`,
      since: disabled_at,
      severity: 'warning',
      subject,
      actions: [
        {
          label: `Enable webhook ${name}`,
          method: 'PATCH',
          url: `/api/webhooks/${id}`,
          scope: 'admin',
          body: { enabled: true }
        }
      ]
    }
  }
  return {
    code: 'webhook_failing',
    sentence: `The webhook "${name}" has taken no message since ${timeText(failing_since!)}, in ${failures} attempts: its deliveries say why; after five days it is disabled`,
    since: failing_since,
    severity: 'warning',
    subject,
    actions: [{ label: `Send a test to ${name}`, method: 'POST', url: `/api/webhooks/${id}/test`, scope: 'admin' }]
  }
}
