import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import type { Config } from '#config.ts'
import { type Sandbox, shown } from '#media/lock/sandbox.ts'

/** Serves health checks of a worker (for a container, say) and its metrics, where a port is set. */
export async function serveHealth(
  { HOST: host, WORKER_HEALTH_PORT: port }: Config,
  readMetrics: () => Promise<string>
) {
  let isReady = () => false
  let media_sandbox: ReturnType<typeof shown> | null = null
  if (port === undefined) return { address: undefined, readyIf() {}, close() {} }

  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]?.replace(/(?<=.)\/$/, '')
    if (path === '/health/live') return answer(200, 'live')
    if (path === '/metrics') return void measure(response, readMetrics)
    if (path !== '/health/ready') return answer(404, 'not found')
    const ready = isReady()
    answer(ready ? 200 : 503, ready ? 'ready' : 'not ready', { media_sandbox })

    function answer(status: number, word: string, more = {}) {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
      response.end(JSON.stringify({ status: word, ...more }))
    }
  })
  server.listen({ host, port })
  await once(server, 'listening').catch(error => {
    throw new Error(sentences(host, port)[error.code as string] ?? error.message, { cause: error })
  })
  const { address, port: bound } = server.address() as AddressInfo
  return {
    address: `http://${address.includes(':') ? `[${address}]` : address}:${bound}`,
    /** Until this is called the worker is starting and not ready. */
    readyIf(condition: () => boolean, proved: Sandbox) {
      isReady = condition
      media_sandbox = shown(proved)
    },
    close() {
      server.close()
      server.closeAllConnections()
    }
  }
}

async function measure(response: ServerResponse, readMetrics: () => Promise<string>) {
  const text = await readMetrics()
  response.writeHead(200, { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE })
  response.end(text)
}

function sentences(host: string, port: number): Record<string, string> {
  return {
    EADDRINUSE: `WORKER_HEALTH_PORT ${port} is taken on ${host}: each worker of a machine needs one of its own`,
    EACCES: `WORKER_HEALTH_PORT ${port} is one that we may not listen on: ports below 1024 are for root`,
    EADDRNOTAVAIL: `HOST "${host}" is not an address of this machine`,
    ENOTFOUND: `HOST "${host}" does not resolve to an address`
  }
}
