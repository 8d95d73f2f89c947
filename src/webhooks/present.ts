import type { DeliveryRow, WebhookRow } from './queries.ts'
import type { DeliveryBody, WebhookBody } from './schemas.ts'

export function present(row: WebhookRow): WebhookBody {
  const { disabled_at, failing_since, old_secret_until, created_at, updated_at } = row
  return {
    id: row.id,
    url: row.url,
    types: row.types,
    queues: row.queues,
    tasks: row.tasks,
    include: row.include,
    ordered: row.ordered,
    description: row.description,
    enabled: row.enabled,
    disabled_reason: row.disabled_reason,
    disabled_at: iso(disabled_at),
    failures: row.failures,
    failing_since: iso(failing_since),
    old_secret_until: old_secret_until !== null && old_secret_until > new Date() ? iso(old_secret_until) : null,
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString()
  }
}

export function presentDelivery(row: DeliveryRow): DeliveryBody {
  return {
    id: messageName(row.id),
    type: row.type,
    sequence: row.sequence,
    task_id: row.task_id,
    video_id: row.video_id,
    status: row.next_at !== null ? 'pending' : row.delivered_at !== null ? 'delivered' : 'failed',
    data: row.data,
    created_at: row.created_at.toISOString(),
    delivered_at: iso(row.delivered_at),
    next_at: iso(row.next_at),
    attempts: row.made.map(({ at, ...attempt }) => ({ ...attempt, at: new Date(at).toISOString() }))
  }
}

/** The header `webhook-id`. */
export function messageName(id: string) {
  return `msg_${id}`
}

function iso(time: Date | null) {
  return time === null ? null : time.toISOString()
}
