import { randomUUID } from 'node:crypto'
import { onEach } from '../each.ts'
import { WrongUse } from '../failures.ts'
import { show } from '../screen/print.ts'
import type { Webhook } from '../service/bodies.ts'
import { webhookId } from '../service/find.ts'
import type { Service } from '../service/service.ts'
import { describeWebhook } from './show.ts'

interface Settings {
  json?: boolean
  [field: string]: unknown
}

export async function addWebhook(service: Service, url: string, { json, ...fields }: Settings) {
  // With a key the request may be repeated where the answer is lost.
  const ask = { body: { url, ...fields }, headers: { 'idempotency-key': randomUUID() }, repeatable: true }
  const webhook = await service.patient<Webhook>('POST', 'api/webhooks', ask)
  show(webhook, { json, text: () => describeWebhook(webhook) })
}

// By the names of the options.
const unsettable: Record<string, string> = { queue: 'queues', kind: 'tasks', description: 'description' }

export async function editWebhook(service: Service, word: string, { json, unset = [], ...fields }: Settings) {
  const nulls = (unset as string[]).map(option => [fieldOf(option), null])
  const body = { ...fields, ...Object.fromEntries(nulls) }
  if (Object.keys(body).length === 0) throw new WrongUse('Nothing to change: give at least one option')
  const webhook = await service.request<Webhook>('PATCH', `api/webhooks/${await webhookId(service, word)}`, { body })
  show(webhook, { json, text: () => describeWebhook(webhook) })
}

function fieldOf(option: string) {
  const field = unsettable[option.replace(/^--/, '')]
  if (field === undefined)
    throw new WrongUse(`--unset must be of ${Object.keys(unsettable).join(', ')}, not "${option}"`)
  return field
}

export function removeWebhooks(service: Service, words: string[], { json }: { json?: boolean }) {
  return onEach(words, {
    json,
    act: async word => {
      await service.request('DELETE', `api/webhooks/${await webhookId(service, word)}`)
      return { removed: word }
    },
    text: ({ removed }) => `${removed} is removed`
  })
}
