import { sql } from 'kysely'
import type { Database, Queries } from '#database/connect.ts'
import { fittingPage } from '#database/fitting.ts'
import { beside, page, place } from '#database/page.ts'
import { WebhookNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import type { DeliveryFilters } from './schemas.ts'

/** Everything except the secrets. */
export const shown = [
  ...(['id', 'url', 'types', 'queues', 'tasks', 'include', 'ordered', 'description', 'enabled'] as const),
  ...(['disabled_reason', 'disabled_at', 'failures', 'failing_since', 'old_secret_until'] as const),
  ...(['created_at', 'updated_at'] as const)
] as const

export async function findWebhook(query: Queries, id: string) {
  const found = isUuid(id)
    ? await query.selectFrom('webhooks').select(shown).where('id', '=', id).executeTakeFirst()
    : undefined
  if (!found) throw new WebhookNotFound(id)
  return found
}

export type WebhookRow = Awaited<ReturnType<typeof findWebhook>>

export async function listWebhooks({ query }: Database, { limit = 50, cursor }: { limit?: number; cursor?: string }) {
  const { condition, order } = beside({ at: 'created_at', id: 'id' }, cursor)
  const found = await query
    .selectFrom('webhooks')
    .select(shown)
    .select(place('created_at').as('place'))
    .where(condition)
    .orderBy('created_at', order)
    .orderBy('id', order)
    .limit(limit + 1)
    .execute()
  return page(found, limit, cursor)
}

/** Newest first. */
export async function listDeliveries({ query }: Database, webhook: string, filters: DeliveryFilters) {
  const { limit = 50, cursor, status } = filters
  const { condition, order } = beside({ at: 'm.created_at', id: 'm.id' }, cursor)
  let found = query
    .selectFrom('webhook_messages as m')
    .select(['m.id', 'm.type', 'm.sequence', 'm.task_id', 'm.video_id', 'm.data', 'm.created_at', 'm.delivered_at'])
    .select(['m.next_at', place('m.created_at').as('place')])
    .select(
      sql<Made[]>`(
        select coalesce(jsonb_agg(to_jsonb(made) order by made.number desc), '[]') from (
          select a.number, a.at, a.ms, a.status, a.error, a.answer from darkroom.webhook_attempts a
          where a.message_id = m.id order by a.number desc limit 20
        ) made
      )`.as('made')
    )
    .where('m.webhook_id', '=', webhook)
    .where(condition)
    .orderBy('m.created_at', order)
    .orderBy('m.id', order)
    .limit(limit + 1)
  if (status === 'pending') found = found.where('m.next_at', 'is not', null)
  if (status === 'delivered') found = found.where('m.next_at', 'is', null).where('m.delivered_at', 'is not', null)
  if (status === 'failed') found = found.where('m.next_at', 'is', null).where('m.delivered_at', 'is', null)
  return fittingPage(query, { list: found, order, limit, cursor, large: ['data', 'made'] })
}

export type DeliveryRow = Awaited<ReturnType<typeof listDeliveries>>['items'][number]

interface Made {
  number: number
  at: string
  ms: number
  status: number | null
  error: string | null
  answer: string | null
}
