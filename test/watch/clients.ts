import { once } from 'node:events'
import { get, type IncomingHttpHeaders } from 'node:http'
import { createRequire } from 'node:module'
import type { Test } from 'tap'
import type { TaskMessage } from '../../src/watch/schemas.ts'

// It brings no types, and what we need of it is little.
const WebSocket = createRequire(import.meta.url)('ws')

export interface Ear {
  /** All messages so far. */
  messages: TaskMessage[]
  texts: string[]
  /** The first message, past or future, that satisfies the condition. */
  heard(condition: (message: TaskMessage) => boolean, seconds?: number): Promise<TaskMessage>
  closed: Promise<{ code: number; reason: string }>
  /** The client itself. */
  raw: any
}

/** An open WebSocket client. */
export async function openEar(t: Test, address: string, path: string, options = {}): Promise<Ear> {
  const raw = new WebSocket(`${address.replace('http', 'ws')}${path}`, options)
  t.teardown(() => raw.terminate())
  const list = listOf<TaskMessage>()
  const texts: string[] = []
  raw.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) throw new Error('A binary message has come')
    texts.push(String(data))
    list.push(JSON.parse(String(data)))
  })
  const closed = new Promise<{ code: number; reason: string }>(resolve =>
    raw.on('close', (code: number, reason: Buffer) => {
      list.end(`It was closed with ${code} ${reason}`)
      resolve({ code, reason: String(reason) })
    })
  )
  // With a listener, so that a broken connection is a close and not the end of the test.
  raw.on('error', () => {})
  await Promise.race([
    once(raw, 'open'),
    once(raw, 'unexpected-response').then(([, { statusCode }]) => Promise.reject(new Error(`HTTP ${statusCode}`)))
  ])
  return { raw, texts, messages: list.items, heard: list.find, closed }
}

/** The answer to a refused upgrade. */
export async function refusal(address: string, path: string) {
  const raw = new WebSocket(`${address.replace('http', 'ws')}${path}`)
  const [, response] = await once(raw, 'unexpected-response')
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode as number, body: JSON.parse(body) }
}

export interface Told {
  id?: number
  data: TaskMessage
}

export interface EventReader {
  status: number
  headers: IncomingHttpHeaders
  events: Told[]
  /** All bytes so far. */
  text(): string
  heard(condition: (event: Told) => boolean, seconds?: number): Promise<Told>
  /** Resolves when nothing more comes; false if the connection broke. */
  ended: Promise<boolean>
  close(): void
  pause(): void
  resume(): void
}

/** A client of Server-Sent Events like a browser's, but without reconnects. */
export async function readEvents(t: Test, url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const request = get(url, { headers, agent: false })
  t.teardown(() => request.destroy())
  const [response] = await once(request, 'response')
  request.on('error', () => {})
  const list = listOf<Told>()
  const chunks: string[] = []
  let rest = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    chunks.push(chunk)
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
      )
      if (fields.data) list.push({ ...(fields.id && { id: Number(fields.id) }), data: JSON.parse(fields.data) })
    }
  })
  response.on('error', () => {})
  const ended = new Promise<boolean>(resolve =>
    response.on('close', () => {
      list.end('The stream has ended')
      resolve(response.complete)
    })
  )
  return {
    status: response.statusCode,
    headers: response.headers,
    events: list.items,
    text: () => chunks.join(''),
    heard: list.find,
    ended,
    close: () => request.destroy(),
    pause: () => response.pause(),
    resume: () => response.resume()
  }
}

function listOf<T>() {
  const items: T[] = []
  let over: string | undefined
  let more = Promise.withResolvers<void>()
  const tell = () => {
    more.resolve()
    more = Promise.withResolvers()
  }
  return {
    items,
    push(item: T) {
      items.push(item)
      tell()
    },
    end(why: string) {
      over = why
      tell()
    },
    async find(condition: (item: T) => boolean, seconds = 20): Promise<T> {
      const timer = setTimeout(() => {
        over = `Nothing of the kind within ${seconds} s`
        tell()
      }, seconds * 1000)
      try {
        for (;;) {
          const found = items.find(condition)
          if (found !== undefined) return found
          if (over !== undefined) throw new Error(`${over}, after ${JSON.stringify(items.slice(-5))}`)
          await more.promise
        }
      } finally {
        clearTimeout(timer)
      }
    }
  }
}
