import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

type Send = (path: string, body?: object, method?: string) => Promise<any>

/** Settings under which webhooks may reach this machine. */
export const hookSettings = { WEBHOOK_ALLOW_NETWORKS: '127.0.0.0/8' }

/** Webhooks that are heard, not heard and paused. Returns the id of the one that is not. */
export async function seedHooks(send: Send, url: string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume()
    if (request.url === '/down') response.writeHead(503).end('upstream connect error: connection refused')
    else response.writeHead(204).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const hook = (path: string, more: object) =>
    send('/api/webhooks', { url: `http://127.0.0.1:${port}/${path}`, ...more })
  const heard = await hook('films', {
    description: 'The shop: films are ready',
    types: ['video.ready', 'video.failed']
  })
  const down = await hook('down', {
    description: 'Billing',
    types: ['task.completed', 'task.failed'],
    tasks: ['report']
  })
  const paused = await hook('chat', { description: 'Team chat', types: ['task.failed', 'queue.paused'] })
  await send(`/api/webhooks/${heard.id}/test`)
  await send(`/api/webhooks/${down.id}/test`)
  await send('/api/tasks/bulk', {
    tasks: [1, 2, 3].map(month => ({ task: 'report', args: { customer: 'c5', month } }))
  })
  await send(`/api/webhooks/${paused.id}`, { enabled: false }, 'PATCH')
  await new Promise(resolve => setTimeout(resolve, 3000))
  server.close()
  server.closeAllConnections()

  // A name of another machine, instead of a port of this one; the next tries would not find it.
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(
    `update darkroom.webhook_messages set next_at = now() + interval '4 hours' where next_at is not null`
  )
  await client.query(
    `update darkroom.webhooks set url = regexp_replace(url, '^.*/', 'https://hooks.example/darkroom/')`
  )
  await client.end()
  return down.id
}
