import { type ClientRequest, type IncomingMessage, type RequestOptions, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import type { Connections } from './connections.ts'
import { type Guard, Refused } from './guard.ts'
import { signIn } from './proxy.ts'

export interface Answer {
  status: number
  headers: IncomingMessage['headers']
  /** First KiB of its body. */
  text: string
  /** IP address that answered; null of a proxy. */
  address: string | null
}

interface PostOptions {
  url: string
  headers: Record<string, string>
  body: string
  guard: Guard
  connections: Connections
  signal?: AbortSignal
  /** Milliseconds from the look-up to the end of the answer. */
  patience?: number
}

const usualPatience = 15_000
const mostBody = 64 * 1024
const kept = 1024

/**
 * One request to an address that a client has named, over a connection that was kept from another or is opened and
 * checked now. No proxy of the environment; a redirect is an answer like any other.
 */
export async function post(options: PostOptions): Promise<Answer> {
  if (options.guard.problemOf(options.url) !== undefined) throw new Refused()
  const deadline = performance.now() + (options.patience ?? usualPatience)
  try {
    return await ask(options, deadline)
  } catch (error) {
    // The receiver has closed it at the moment in which it was used again. Only that is no failure of the receiver.
    if (!(error instanceof ClosedMeanwhile)) throw error
    return ask(options, deadline, { anew: true })
  }
}

class ClosedMeanwhile extends Error {}

function ask(
  { url: text, headers, body, guard, connections, signal, patience = usualPatience }: PostOptions,
  deadline: number,
  { anew = false } = {}
) {
  const url = new URL(text)
  const { proxy } = connections
  const length = { 'content-length': String(Buffer.byteLength(body)) }
  return new Promise<Answer>((resolve, reject) => {
    const request = open(url, proxy, {
      method: 'POST',
      headers: { ...headers, ...length },
      agent: anew && !proxy ? false : connections.agentFor(url),
      ...(!proxy && { lookup: guard.lookup(url) }),
      ...(signal && { signal })
    })
    let end = (error: Error) => void request.destroy(error)
    const late = setTimeout(() => end(new Error(`no answer in ${patience / 1000} s`)), deadline - performance.now())
    checkAddress(request, { url, guard, connections })
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late)
      const isClosed = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
      reject(isClosed && !anew ? new ClosedMeanwhile() : error)
    })
    request.on('response', response => {
      const { statusCode: status = 0, headers } = response
      const address = proxy ? null : (response.socket.remoteAddress ?? null)
      // Its status is known, and the rest of its body decides nothing.
      end = () => void response.destroy()
      readStart(response, text => {
        clearTimeout(late)
        // One whose answer is complete goes back to the kept ones.
        if (!response.complete) request.destroy()
        resolve({ status, headers, text, address })
      })
    })
    request.end(body)
  })
}

/** By a proxy, `http:` is asked of it in one request; `https:` goes through a tunnel, which the agent opens. */
function open(url: URL, proxy: URL | undefined, options: RequestOptions) {
  if (url.protocol === 'https:') return requestSecure(url, options)
  if (!proxy) return requestPlain(url, options)
  const headers = { ...(options.headers as object), host: url.host, ...signIn(proxy) }
  return requestPlain({ ...options, headers, host: proxy.hostname, port: proxy.port || 80, path: url.href })
}

/** A name may lead elsewhere than its look-up said, and Node looks up no address. A proxy decides by itself. */
function checkAddress(
  request: ClientRequest,
  { url, guard, connections }: { url: URL } & Pick<PostOptions, 'guard' | 'connections'>
) {
  request.on('socket', socket => {
    if (!connections.isNew(socket) || connections.proxy) return
    socket.once('connect', () => {
      if (!guard.isAllowed(socket.remoteAddress ?? '', url)) request.destroy(new Refused())
    })
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
