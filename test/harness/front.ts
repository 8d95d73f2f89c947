import { createServer, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A reverse proxy before the service, as an operator's nginx; it passes `Host` as it is. */
export interface Front {
  address: string
  /** Whether WebSockets pass; those that are open break where they no longer do. */
  passSockets(pass: boolean): void
  /** WebSockets that were asked for. */
  upgrades(): number
}

export async function openFront(t: Test, address: string, { prefix = '' } = {}): Promise<Front> {
  const target = new URL(address)
  const sockets = new Set<Socket>()
  let pass = true
  let upgrades = 0
  const pathOf = (url: string) => (url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : undefined)

  const front = createServer((incoming, outgoing) => {
    const path = pathOf(incoming.url!)
    if (path === undefined) return void outgoing.writeHead(404).end()
    const { method, headers } = incoming
    const onward = request(`${address}${path}`, { method, headers }, answer =>
      answer.pipe(outgoing.writeHead(answer.statusCode!, answer.headers))
    )
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  front.on('upgrade', ({ url, method, headers }, near: Socket, head: Buffer) => {
    upgrades++
    const path = pathOf(url!)
    if (!pass || path === undefined) return void near.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
    const far = connect({ host: target.hostname, port: Number(target.port) })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    far.write(`${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`)
    far.write(head)
    near.pipe(far).pipe(near)
  })
  await new Promise<void>(resolve => front.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    front.closeAllConnections()
    front.close()
  })

  return {
    address: `http://127.0.0.1:${(front.address() as AddressInfo).port}${prefix}`,
    passSockets(passes) {
      pass = passes
      if (!pass) for (const socket of sockets) socket.destroy()
    },
    upgrades: () => upgrades
  }
}
