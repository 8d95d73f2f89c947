import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import type { Service } from './service.ts'
import { until } from './until.ts'

export interface Received {
  headers: IncomingHttpHeaders
  /** As it came: a signature is of these bytes. */
  text: string
  body: any
  at: number
}

/** Settings under which webhooks may reach this machine. */
export const local = { WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8' }

type Answering = (response: ServerResponse, received: Received, request: IncomingMessage) => unknown

/** What a webhook is sent to: a real server on this machine, which answers 204 unless told otherwise. */
export async function openReceiver(t: Test, answering: Answering = response => response.writeHead(204).end()) {
  const received: Received[] = []
  const receiver = {
    url: '',
    received,
    answer: answering,
    /** Waits for so many messages. */
    async got(count: number) {
      await until(() => received.length >= count, `the receiver gets ${count} messages, not ${received.length}`)
      return received
    }
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const one = { headers: request.headers, text, body: JSON.parse(text), at: performance.now() }
      received.push(one)
      receiver.answer(response, one, request)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return receiver
}

/** Adds a webhook and returns its answer. */
export async function addWebhook(service: Service, url: string, more: Record<string, unknown> = {}) {
  const response = await service.post('/api/webhooks', { url, ...more })
  if (response.statusCode !== 201) throw new Error(response.body)
  return response.json()
}

/** The messages of a webhook, newest first, once they are as expected. */
export async function deliveries(service: Service, id: string, fit: (items: any[]) => boolean = () => true) {
  return until(async () => {
    const { items } = (await service.get(`/api/webhooks/${id}/deliveries`)).json()
    return fit(items) ? items : undefined
  }, 'the deliveries are as expected')
}

/** Lets the retries that wait happen now, instead of in hours. */
export async function hasten(service: Service) {
  await service.db.pool.query(
    `with due as (
      update darkroom.webhook_messages set next_at = now() where next_at > now() and lease is null returning id
    ) select pg_notify('darkroom_webhooks', ''), count(*) from due`
  )
}
