import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster } from '../service/cluster.ts'

export interface MessageHistory {
  /** The header `webhook-id`. */
  id: string
  /** Path of the webhook's address. */
  webhook: string
  type: string
  task_id: string
  sequence: number
  delivered: boolean
}

export async function readMessages({ insist }: Cluster): Promise<MessageHistory[]> {
  return insist<MessageHistory>(`
    select 'msg_' || m.id as id, split_part(w.url, '/', 4) as webhook, m.type, m.task_id, m.sequence::float8,
      m.delivered_at is not null as delivered
    from darkroom.webhook_messages m join darkroom.webhooks w on w.id = m.webhook_id order by m.sequence`)
}

/**
 * Waits until no message is left. What killed workers held is due after its lease of a minute, and what failed twice after
 * five: the rules are about what is lost, so both come now.
 */
export async function deliverAll({ ask }: Cluster, end: number) {
  await ask('update darkroom.webhook_messages set leased_until = now() where lease is not null')
  while (performance.now() < end) {
    const rows = await ask<{ left: boolean }>(
      'select exists (select from darkroom.webhook_messages where next_at is not null) as left'
    )
    if (rows?.[0]?.left === false) return true
    await ask('update darkroom.webhook_messages set next_at = now() where lease is null and next_at > now()')
    await ask(`select pg_notify('darkroom_webhooks', '')`)
    await delay(1_000)
  }
  return false
}
