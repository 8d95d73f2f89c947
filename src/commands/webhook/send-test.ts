import { setTimeout as delay } from 'node:timers/promises'
import { print, printJson } from '../screen/print.ts'
import type { Delivery } from '../service/bodies.ts'
import { webhookId } from '../service/find.ts'
import { readPages } from '../service/pages.ts'
import type { Service } from '../service/service.ts'

// Milliseconds between looks.
const pace = 250

/** Sends a test message; the exit code is 1 where the first try fails, or none comes about in time. */
export async function testWebhook(
  service: Service,
  word: string,
  { json, timeout = 15 }: { json?: boolean; timeout?: number }
) {
  const id = await webhookId(service, word)
  const { id: message } = await service.request<{ id: string }>('POST', `api/webhooks/${id}/test`)
  const end = performance.now() + timeout * 1000
  for (;;) {
    const { items } = await readPages<Delivery>(service, `api/webhooks/${id}/deliveries`)
    const delivery = items.find(each => each.id === message)
    const [attempt] = delivery?.attempts ?? []
    if (delivery && (attempt || performance.now() >= end)) {
      if (json) printJson(delivery)
      else if (delivery.status === 'delivered')
        print(`${message} is delivered: ${attempt?.status} in ${attempt?.ms} ms`)
      if (delivery.status === 'delivered') return 0
      if (json) return 1
      throw new Error(
        `${message} is not delivered${attempt ? `: ${attempt.error}` : ` after ${timeout} s: is there a worker?`}`
      )
    }
    if (performance.now() >= end) throw new Error(`${message} is not among the deliveries after ${timeout} s`)
    await delay(pace)
  }
}
