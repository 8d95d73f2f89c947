import { connect } from 'node:net'
import type { Test } from 'tap'
import { patience } from './until.ts'

export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

/** A raw connection to the service: for clients that do what no HTTP library does. */
export interface Line {
  /** Resolves when the bytes are written, or when the peer no longer reads. */
  send(data: string | Buffer): Promise<void>
  /** The next answer; fails when the connection ends before it is complete. */
  answer(options?: { head?: boolean }): Promise<Answer>
  /** Resolves at the first bytes; then reads no more until `resume`, so that bytes pile up on the way. */
  pauseAtFirstBytes(): Promise<void>
  resume(): void
  hangUp(): void
  closed: Promise<void>
}

/** `from` is the local address of the connection: any of 127.0.0.0/8. */
export async function openLine(t: Test, address: string, from?: string): Promise<Line> {
  const { hostname, port } = new URL(address)
  const socket = connect({ host: hostname, port: Number(port), localAddress: from })
  t.teardown(() => socket.destroy())
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))

  let received = Buffer.alloc(0)
  let chunks: Buffer[] = []
  let arrived = 0
  let ended = false
  let more = Promise.withResolvers<void>()
  const tell = () => {
    more.resolve()
    more = Promise.withResolvers()
  }
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    arrived += chunk.length
    tell()
  })
  for (const event of ['end', 'close', 'error']) {
    socket.on(event, () => {
      ended = true
      tell()
    })
  }
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))

  return {
    closed,
    pauseAtFirstBytes: () =>
      new Promise(resolve =>
        socket.once('data', () => {
          socket.pause()
          resolve()
        })
      ),
    resume: () => void socket.resume(),
    hangUp: () => socket.destroy(),
    send: data => new Promise(resolve => (socket.writable ? socket.write(data, () => resolve()) : resolve())),
    async answer({ head = false } = {}) {
      const timer = setTimeout(() => socket.destroy(new Error('no answer')), patience * 1000)
      try {
        for (let enough = 0; ; ) {
          // A long answer is put together once, not at each of its chunks.
          if (arrived >= enough || ended) {
            received = Buffer.concat([received, ...chunks])
            chunks = []
            const found = parse(received, head)
            if (typeof found === 'object') {
              received = received.subarray(found.length)
              arrived = received.length
              return found.answer
            }
            enough = found
          }
          if (ended) {
            const said = received.subarray(0, 1_000)
            throw new Error(`The connection ended without an answer, after ${received.length} bytes: "${said}"`)
          }
          await more.promise
        }
      } finally {
        clearTimeout(timer)
      }
    }
  }
}

/** An answer; or how many bytes it has at least. */
function parse(bytes: Buffer, head: boolean): { answer: Answer; length: number } | number {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return bytes.length + 1
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = Object.fromEntries(
    lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
  )
  const status = Number(first!.split(' ')[1])
  const start = end + 4
  if (status === 100) {
    const next = parse(bytes.subarray(start), head)
    return typeof next === 'number' ? start + next : { ...next, length: start + next.length }
  }
  const length = head || status === 204 || status === 304 ? 0 : Number(headers['content-length'] ?? 0)
  if (bytes.length < start + length) return start + length
  const body = bytes.subarray(start, start + length).toString()
  return { answer: { status, headers, body }, length: start + length }
}
