import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Sent } from './requests.ts'

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

// Milliseconds. Longer than every limit of the service on one request, without those that wait.
export const longest = 45_000
// Of a body; a fuzzer reads no films.
const mostBytes = 1024 * 1024

const agent = new Agent({ keepAlive: true, maxSockets: 16 })

/** One request; undefined where the service hangs up, a message where it does not answer in time. */
export async function send(
  address: string,
  { method, path, headers, body }: Sent
): Promise<Answer | 'hung up' | 'hangs'> {
  const giveUp = AbortSignal.timeout(longest)
  try {
    return await exchange(new URL(address), { method, path, headers, body }, giveUp)
  } catch {
    return giveUp.aborted ? 'hangs' : 'hung up'
  }
}

function exchange(url: URL, { method, path, headers, body }: Omit<Sent, 'operation'>, signal: AbortSignal) {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const { hostname, port } = url
  const request = httpRequest({ agent, hostname, port, method, path, headers, signal }, async response => {
    const { statusCode: status = 0, headers } = response
    try {
      // A stream does not end by itself.
      const endless = /event-stream/.test(headers['content-type'] ?? '')
      const text = endless ? '' : await read(response)
      if (endless) await delay(5).then(() => request.destroy())
      resolve({ status, headers, body: text })
    } catch (error) {
      reject(error)
    }
  })
  request.on('error', reject)
  request.end(body)
  return promise
}

async function read(response: IncomingMessage) {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of response) {
    bytes += part.length
    if (bytes <= mostBytes) parts.push(part)
  }
  return Buffer.concat(parts).toString()
}
