import { request } from 'node:http'
import type { Agent as SecureAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'

// Milliseconds.
const patience = 15_000

/** What a proxy has to know, where its URL has a user name and password. */
export function signIn({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(text).toString('base64')}` }
}

/** Lets an agent open its connections by CONNECT: TLS is with the receiver, and the proxy resolves its name. */
export function throughProxy(proxy: URL, agent: SecureAgent) {
  agent.createConnection = (options, done) => {
    const target = `${options.host}:${options.port}`
    const tunnel = request(proxy, {
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...signIn(proxy) },
      agent: false,
      signal: AbortSignal.timeout(patience)
    })
    const failed = (error: Error) => done?.(error, undefined as never)
    tunnel.on('error', failed)
    tunnel.on('response', ({ statusCode }) => {
      tunnel.destroy()
      failed(new Error(`the proxy answered ${statusCode}`))
    })
    tunnel.on('connect', ({ statusCode }, socket: Duplex) => {
      if (statusCode !== 200) {
        socket.destroy()
        return failed(new Error(`the proxy answered ${statusCode}`))
      }
      done?.(null, connect({ ...(options as object), socket }))
    })
    tunnel.end()
    return undefined
  }
  return agent
}
