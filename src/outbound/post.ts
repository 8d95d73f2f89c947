import type { IncomingHttpHeaders } from 'node:http'
import type { Connection, Connections } from './connections.ts'
import { Refused } from './guard.ts'
import { signIn } from './proxy.ts'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  /** First KiB of its body. */
  text: string
  /** IP address that answered; null of a proxy. */
  address: string | null
}

interface PostOptions {
  url: string
  headers: Record<string, string>
  body: string
  connections: Connections
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
export async function post({ url: text, headers, body, connections, patience = usualPatience }: PostOptions) {
  if (connections.guard.problemOf(text) !== undefined) throw new Refused()
  const url = new URL(text)
  const what = { url, headers, body, patience, deadline: performance.now() + patience }
  try {
    return await ask(what, connections, connections.take(url))
  } catch (error) {
    // The receiver has closed it at the moment in which it was used again. Only that is no failure of the receiver.
    if (!(error instanceof ClosedMeanwhile)) throw error
    return ask(what, connections, connections.open(url))
  }
}

interface Asked {
  url: URL
  headers: Record<string, string>
  body: string
  patience: number
  deadline: number
}

class ClosedMeanwhile extends Error {}

function ask(what: Asked, connections: Connections, connection: Connection): Promise<Answer> {
  const { url, body, patience, deadline } = what
  const wasOpen = connection.isOpen
  return new Promise((resolve, reject) => {
    const answer = new Reading()
    const fail = (error: Error) => end(() => reject(error))
    // Its status is known, and the rest of its body decides nothing.
    const finish = () => end(() => resolve({ ...answer.start(), address: connection.address }))
    const late = setTimeout(() => {
      if (answer.status > 0) finish()
      else fail(new Error(`no answer in ${patience / 1000} s`))
    }, deadline - performance.now())

    function end(tell: () => void) {
      clearTimeout(late)
      tell()
      if (answer.isComplete) connections.keep(connection, url)
      else connections.drop(connection)
    }

    connection.client.dispatch(
      { method: 'POST', body, ...addressed(what, connections.proxy) },
      {
        onRequestStart() {},
        onResponseStart: (_, status, headers) => answer.begin(status, headers),
        onResponseData(_, chunk) {
          if (answer.add(chunk)) finish()
        },
        onResponseEnd() {
          answer.isComplete = true
          finish()
        },
        onResponseError(_, error) {
          if (answer.status > 0) finish()
          else fail(wasOpen && isClosed(error) ? new ClosedMeanwhile() : inOurWords(error))
        }
      }
    )
  })
}

function addressed({ url, headers }: Asked, proxy: URL | undefined) {
  if (!proxy || url.protocol === 'https:') return { path: `${url.pathname}${url.search}`, headers }
  return { path: url.href, headers: { ...headers, host: url.host, ...signIn(proxy) } }
}

/** An answer as far as it has come. */
class Reading {
  status = 0
  isComplete = false
  #headers: IncomingHttpHeaders = {}
  #chunks: Buffer[] = []
  #read = 0

  /** Also of what comes before the answer (103). */
  begin(status: number, headers: IncomingHttpHeaders) {
    if (status >= 200) Object.assign(this, { status })
    this.#headers = headers
  }

  /** Whether it is enough. */
  add(chunk: Buffer) {
    if (this.#read < kept) this.#chunks.push(Buffer.from(chunk.subarray(0, kept - this.#read)))
    this.#read += chunk.length
    return this.#read >= mostBody
  }

  start() {
    // Postgres keeps no NUL.
    const text = Buffer.concat(this.#chunks).toString().replaceAll('\0', '')
    return { status: this.status, headers: this.#headers, text }
  }
}

type Failure = Error & { code?: string }

function isClosed({ code }: Failure) {
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
}

/** Codes of undici say nothing to operators. */
function inOurWords(error: Failure): Failure {
  if (!error.code?.startsWith('UND_ERR_')) return error
  if (error.code === 'UND_ERR_CONNECT_TIMEOUT') return Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' })
  if (isClosed(error)) return Object.assign(new Error('closed without an answer'), { code: 'ECONNRESET' })
  if (error.code === 'UND_ERR_HEADERS_OVERFLOW') return new Error('more than 16 KiB of headers')
  return new Error(error.message)
}
