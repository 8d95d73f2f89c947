import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Connection, Connections } from './connections.ts'
import { signIn } from './proxy.ts'
import type { Target } from './targets.ts'

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
export function post({ url, headers, body, connections, patience = usualPatience }: PostOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const target = connections.targetOf(url)
    const asked: Asked = {
      target,
      headers: addressed(target, headers, connections.proxy),
      body,
      patience,
      deadline: performance.now() + patience,
      connections,
      connection: connections.take(target),
      resolve,
      reject,
      again: () => new Asking({ ...asked, connection: connections.open(target), again: undefined })
    }
    new Asking(asked)
  })
}

interface Asked {
  target: Target
  headers: Record<string, string>
  body: string
  patience: number
  deadline: number
  connections: Connections
  connection: Connection
  resolve(answer: Answer): void
  reject(error: Error): void
  /** The receiver has closed it at the moment in which it was used again: only that is no failure of the receiver. */
  again: (() => void) | undefined
}

/** A request and its answer, as far as it has come. One object for each: closures were a tenth of its cost. */
class Asking implements Dispatcher.DispatchHandler {
  readonly #asked: Asked
  readonly #wasOpen: boolean
  readonly #late: NodeJS.Timeout
  #isOver = false
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #chunks: Buffer[] = []
  #read = 0

  constructor(asked: Asked) {
    const { target, headers, body, deadline, connection } = asked
    this.#asked = asked
    this.#wasOpen = connection.isOpen
    this.#late = setTimeout(() => this.#giveUp(), deadline - performance.now())
    connection.client.dispatch({ method: 'POST', path: target.path, headers, body }, this)
  }

  onRequestStart() {}

  /** Also of what comes before the answer (103). */
  onResponseStart(_: unknown, status: number, headers: IncomingHttpHeaders) {
    if (status >= 200) this.#status = status
    this.#headers = headers
  }

  onResponseData(_: unknown, chunk: Buffer) {
    if (this.#read < kept) this.#chunks.push(Buffer.from(chunk.subarray(0, kept - this.#read)))
    this.#read += chunk.length
    if (this.#read >= mostBody) this.#finish()
  }

  onResponseEnd() {
    this.#finish(true)
  }

  onResponseError(_: unknown, error: Error) {
    if (this.#status > 0) return this.#finish()
    const { again } = this.#asked
    if (!again || !this.#wasOpen || !isClosed(error)) return this.#fail(inOurWords(error))
    this.#end()
    again()
  }

  #giveUp() {
    if (this.#status > 0) this.#finish()
    else this.#fail(new Error(`no answer in ${this.#asked.patience / 1000} s`))
  }

  /** Once its status is known, the rest of its body decides nothing. */
  #finish(isComplete = false) {
    const { resolve, connection } = this.#asked
    // Postgres keeps no NUL.
    const text = this.#read === 0 ? '' : Buffer.concat(this.#chunks).toString().replaceAll('\0', '')
    resolve({ status: this.#status, headers: this.#headers, text, address: connection.address })
    this.#end(isComplete)
  }

  #fail(error: Error) {
    this.#asked.reject(error)
    this.#end()
  }

  /** Closes its connection, which tells of an error that is none any more, unless the next request may use it. */
  #end(isComplete = false) {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#late)
    const { connections, connection, target } = this.#asked
    if (isComplete) connections.keep(connection, target)
    else connections.drop(connection)
  }
}

function addressed({ url }: Target, headers: Record<string, string>, proxy: URL | undefined) {
  if (!proxy || url.protocol === 'https:') return headers
  return { ...headers, host: url.host, ...signIn(proxy) }
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
