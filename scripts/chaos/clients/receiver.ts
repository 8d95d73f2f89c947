import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Ledger } from '../ledger.ts'
import type { Random } from '../random.ts'

const ways: ((response: ServerResponse) => void)[] = [
  response => response.writeHead(500).end(),
  response => response.socket?.destroy(),
  response => void setTimeout(() => response.writeHead(204).end(), 500)
]

/**
 * Two webhooks lead here, one of them ordered. Of the messages that come for the first time, one in ten gets an error, no
 * answer, or a late one.
 */
export async function openReceiver(ledger: Ledger, random: Random) {
  const known = new Set<string>()
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    request.on('end', () => {
      const id = String(request.headers['webhook-id'])
      const way = !known.has(id) && random.between(0, 1) < 0.1 ? random.pick(ways) : undefined
      const webhook = request.url!.slice(1)
      ledger.received.push({ id, webhook, text, taken: way === undefined || way === ways[2] })
      known.add(id)
      if (way) way(response)
      else response.writeHead(204).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    async addWebhooks(address: string) {
      for (const name of ['plain', 'ordered']) {
        const answer = await fetch(`${address}/api/webhooks`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ url: `http://127.0.0.1:${port}/${name}`, types, ordered: name === 'ordered' })
        })
        if (!answer.ok) throw new Error(`the webhook was refused: ${await answer.text()}`)
      }
    },
    close() {
      server.closeAllConnections()
      server.close()
    }
  }
}

const types = ['task.completed', 'task.failed', 'task.cancelled']
