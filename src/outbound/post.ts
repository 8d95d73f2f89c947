import { type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { type Guard, Refused } from './guard.ts'

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  /** First KiB of its body. */
  text: string
  /** IP address that answered. */
  address: string | null
}

interface PostOptions {
  url: string
  headers: Record<string, string>
  body: string
  guard: Guard
  signal?: AbortSignal
}

// Milliseconds, from the look-up to the last header, and as long again at most for the body.
const patience = 15_000
const mostBody = 64 * 1024
const kept = 1024

/**
 * One request to an address that a client has named. Each has a connection of its own, as another request's was checked
 * for another time; no proxy of the environment; a redirect is an answer like any other.
 */
export function post({ url: text, headers, body, guard, signal }: PostOptions): Promise<Answer> {
  const url = new URL(text)
  if (guard.problemOf(text) !== undefined) return Promise.reject(new Refused())
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestSecure : requestPlain)(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      agent: false,
      lookup: guard.lookup(url),
      signal
    })
    const late = setTimeout(() => request.destroy(new Error('no answer in 15 s')), patience)
    request.on('socket', socket =>
      socket.once('connect', () => {
        if (!guard.isAllowed(socket.remoteAddress ?? '', url)) request.destroy(new Refused())
      })
    )
    request.on('error', error => {
      clearTimeout(late)
      reject(error)
    })
    request.on('response', response => {
      const { statusCode: status = 0, headers } = response
      const address = response.socket.remoteAddress ?? null
      readStart(response, text => {
        clearTimeout(late)
        request.destroy()
        resolve({ status, headers, text, address })
      })
    })
    request.end(body)
  })
}

/** Reads up to 64 KiB and keeps the start; ends too where the body breaks off: the status is known by then. */
function readStart(response: IncomingMessage, done: (text: string) => void) {
  const chunks: Buffer[] = []
  let read = 0
  response.on('data', (chunk: Buffer) => {
    if (read < kept) chunks.push(chunk.subarray(0, kept - read))
    read += chunk.length
    if (read >= mostBody) response.destroy()
  })
  // Postgres keeps no NUL.
  response.once('close', () => done(Buffer.concat(chunks).toString().replaceAll('\0', '')))
  response.on('error', () => {})
}
