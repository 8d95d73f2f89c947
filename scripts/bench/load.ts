import { connect, type Socket } from 'node:net'

/**
 * So many connections that each send the next request as soon as they have an answer, for so many seconds or until
 * there are no more requests. Written on bare sockets: on two cores, the CPU of a comfortable client would be missing
 * from the server.
 */
export async function load(address: string, connections: number, seconds: number, next: () => Buffer | undefined) {
  const { hostname, port } = new URL(address)
  const end = performance.now() + seconds * 1000
  const statuses = new Map<string, number>()
  const waits: number[] = []
  const started = performance.now()

  await Promise.all(Array.from({ length: connections }, () => keepAsking(connect(Number(port), hostname))))
  return { seconds: (performance.now() - started) / 1000, statuses, waits }

  function keepAsking(socket: Socket) {
    return new Promise<void>((resolve, reject) => {
      let heard = ''
      let asked = 0
      const ask = () => {
        asked = performance.now()
        const question = asked < end ? next() : undefined
        if (question) socket.write(question)
        else socket.end()
      }
      socket.setNoDelay()
      socket.setEncoding('latin1')
      socket.once('connect', ask)
      socket.once('error', reject)
      socket.once('close', () => resolve())
      socket.on('data', (text: string) => {
        heard += text
        const head = heard.indexOf('\r\n\r\n')
        if (head < 0) return
        const length = Number(/content-length: (\d+)/i.exec(heard)?.[1] ?? 0)
        if (heard.length < head + 4 + length) return
        const status = heard.slice(9, 12)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        waits.push(performance.now() - asked)
        heard = ''
        ask()
      })
    })
  }
}

export function post(path: string, body: unknown, headers = '') {
  const json = Buffer.from(JSON.stringify(body))
  return Buffer.concat([
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${headers}content-length: ${json.length}\r\n\r\n`
    ),
    json
  ])
}

export function get(path: string) {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
}
