import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { throughProxy } from './proxy.ts'

// Milliseconds. The address of a connection is checked when it is opened. What a name leads to, and what is refused, is
// looked at again after the sum of both at the latest.
const usual = { oldest: 25_000, idle: 5_000 }

/**
 * Connections that are kept for the next request to the same host and port: a new one costs more than the request. Who
 * opens one checks its address (`post`), which then stays what it is.
 */
export function keepConnections({ proxy, oldest = usual.oldest }: { proxy?: URL | undefined; oldest?: number } = {}) {
  const since = new WeakMap<Duplex, number>()
  const options = { keepAlive: true, timeout: usual.idle }
  const plain = new Agent(options)
  const secure = proxy ? throughProxy(proxy, new SecureAgent(options)) : new SecureAgent(options)

  for (const agent of [plain, secure]) {
    // Node asks this before it keeps a connection, and closes it where the answer is false; its types do not say so.
    const keep = agent.keepSocketAlive.bind(agent) as unknown as (socket: Duplex) => boolean
    agent.keepSocketAlive = socket => isYoung(socket) && keep(socket)
  }

  function isYoung(socket: Duplex) {
    return performance.now() - (since.get(socket) ?? Number.NEGATIVE_INFINITY) < oldest
  }

  return {
    proxy,
    agentFor: ({ protocol }: URL) => (protocol === 'https:' ? secure : plain),
    /** Whether it is a new one, whose address is to be checked. */
    isNew(socket: Duplex) {
      if (since.has(socket)) return false
      since.set(socket, performance.now())
      return true
    },
    close() {
      plain.destroy()
      secure.destroy()
    }
  }
}

export type Connections = ReturnType<typeof keepConnections>
