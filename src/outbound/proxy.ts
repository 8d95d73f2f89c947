import { request } from 'node:http'
import type { Socket } from 'node:net'

// Milliseconds.
const patience = 15_000

/** What a proxy has to know, where its URL has a user name and password. */
export function signIn({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(text).toString('base64')}` }
}

type Opened = (...result: [Error, null] | [null, Socket]) => void

/** By CONNECT: TLS is with the receiver, and the proxy resolves its name. */
export function openTunnel(proxy: URL, target: string, done: Opened) {
  const tunnel = request(proxy, {
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...signIn(proxy) },
    agent: false,
    signal: AbortSignal.timeout(patience)
  })
  tunnel.on('error', error => done(error, null))
  tunnel.on('response', ({ statusCode }) => {
    tunnel.destroy()
    done(new Error(`the proxy answered ${statusCode}`), null)
  })
  tunnel.on('connect', ({ statusCode }, socket: Socket) => {
    if (statusCode === 200) return done(null, socket)
    socket.destroy()
    done(new Error(`the proxy answered ${statusCode}`), null)
  })
  tunnel.end()
}
