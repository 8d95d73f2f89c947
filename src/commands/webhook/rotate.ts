import { show } from '../screen/print.ts'
import type { Webhook } from '../service/bodies.ts'
import { webhookId } from '../service/find.ts'
import type { Service } from '../service/service.ts'
import { describeWebhook } from './show.ts'

interface Given {
  json?: boolean
  overlap?: number
}

export async function rotateWebhook(service: Service, word: string, { json, ...body }: Given) {
  const path = `api/webhooks/${await webhookId(service, word)}/rotate`
  const webhook = await service.request<Webhook & { secret: string }>('POST', path, { body })
  show(webhook, { json, text: () => describeWebhook(webhook) })
}
