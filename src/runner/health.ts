import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Needs {
  host: string
  port: number
  /** Whether it does what it is there for: asks the database for work, and is answered. */
  isReady(): boolean
}

/** A worker serves nobody; this is for whoever looks after it, such as the health check of a container. */
export async function serveHealth({ host, port, isReady }: Needs) {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]?.replace(/(?<=.)\/$/, '')
    if (path === '/health/live') return answer(200, 'live')
    if (path !== '/health/ready') return answer(404, 'not found')
    const ready = isReady()
    answer(ready ? 200 : 503, ready ? 'ready' : 'not ready')

    function answer(status: number, word: string) {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
      response.end(JSON.stringify({ status: word }))
    }
  })
  server.listen({ host, port })
  await once(server, 'listening').catch(error => {
    throw new Error(sentences(host, port)[error.code as string] ?? error.message, { cause: error })
  })
  const { address, port: bound } = server.address() as AddressInfo
  return {
    address: `http://${address.includes(':') ? `[${address}]` : address}:${bound}`,
    close() {
      server.close()
      server.closeAllConnections()
    }
  }
}

function sentences(host: string, port: number): Record<string, string> {
  return {
    EADDRINUSE: `WORKER_HEALTH_PORT ${port} is taken on ${host}: each worker of a machine needs one of its own`,
    EACCES: `WORKER_HEALTH_PORT ${port} is one that we may not listen on: ports below 1024 are for root`,
    EADDRNOTAVAIL: `HOST "${host}" is not an address of this machine`,
    ENOTFOUND: `HOST "${host}" does not resolve to an address`
  }
}
