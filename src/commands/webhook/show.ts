import { facts } from '../screen/facts.ts'
import { show } from '../screen/print.ts'
import { when } from '../screen/times.ts'
import type { Webhook } from '../service/bodies.ts'
import { webhookId } from '../service/find.ts'
import { readPages } from '../service/pages.ts'
import type { Service } from '../service/service.ts'
import { statusOf } from './list.ts'

/** Out of the list: the API answers no webhook alone. */
export async function showWebhook(service: Service, word: string, { json }: { json?: boolean }) {
  const id = (await webhookId(service, word)).toLowerCase()
  const { items } = await readPages<Webhook>(service, 'api/webhooks', { limit: 10_000 })
  const webhook = items.find(each => each.id === id)
  if (!webhook) throw new Error(`There is no webhook with the id "${id}"`)
  show(webhook, { json, text: () => describeWebhook(webhook) })
}

export function describeWebhook(webhook: Webhook & { secret?: string }): string {
  return facts([
    ['id', webhook.id],
    ['url', webhook.url],
    ['secret', webhook.secret],
    ['status', statusOf(webhook)],
    ['types', webhook.types],
    ['queues', webhook.queues],
    ['kinds', webhook.tasks],
    ['include', webhook.include],
    ['ordered', webhook.ordered ? 'yes' : undefined],
    ['description', webhook.description],
    ['failures', webhook.failures],
    ['failing', when(webhook.failing_since)],
    ['old secret', webhook.old_secret_until && `until ${when(webhook.old_secret_until)}`],
    ['created', when(webhook.created_at)]
  ])
}
