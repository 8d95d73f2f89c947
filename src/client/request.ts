import { DarkroomError, errorOf } from './errors.ts'
import { backoff, pause } from './pause.ts'

export interface ConnectOptions {
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch
  /** Of the API, where it needs one: `dr_k_…`. Not for pages, whose readers would have it: they sign in. */
  key?: string
  /** Sent with every request. */
  headers?: Record<string, string>
  /**
   * Repetitions of a request without an answer, or with 429 or 503, after growing pauses (5 take about 8 s) or what
   * `Retry-After` says. Default 5.
   */
  retries?: number
}

export interface Ask {
  query?: Record<string, string | number | undefined>
  /** A Blob is sent as it is, anything else as JSON. */
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Seconds until the answer; without limit by default. */
  timeout?: number
  /** Whether the request may be sent twice; by default a GET. */
  repeatable?: boolean
}

export type Request = <T>(method: string, path: string, ask?: Ask) => Promise<T>

// Seconds. A longer `Retry-After` is left to the program, in the `retryAfter` of the error.
export const longestPause = 60

/** Sends a request once. */
export function sender(base: URL, { fetch, headers }: ConnectOptions): Request {
  const send = fetch ?? ((...input: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...input))

  return async function request<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
    const { query, body, headers: more, signal, timeout } = ask
    const url = new URL(path, base)
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const isJson = body !== undefined && !(body instanceof Blob)
    const ends = [signal, timeout === undefined ? undefined : AbortSignal.timeout(timeout * 1000)]
    const given = ends.filter(each => each !== undefined)
    const { status, text, retryAfter } = await answerTo(url, signal, {
      method,
      headers: { ...headers, ...(isJson && { 'content-type': 'application/json' }), ...more },
      ...(body !== undefined && { body: isJson ? JSON.stringify(body) : (body as Blob) }),
      ...(given.length > 0 && { signal: given.length > 1 ? AbortSignal.any(given) : given[0]! })
    })
    if (status >= 400) throw errorOf(status, text, retryAfter)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  async function answerTo(url: URL, signal: AbortSignal | undefined, init: RequestInit) {
    try {
      const response = await send(url, init)
      return {
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        text: await response.text()
      }
    } catch (error) {
      signal?.throwIfAborted()
      throw new DarkroomError(`There was no answer from ${url.origin}`, { code: 'NETWORK', cause: error })
    }
  }
}

/** Repeats requests that are safe to repeat and may succeed. */
export function repeating(send: Request, { retries = 5 }: ConnectOptions): Request {
  return async function request<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
    const { repeatable = method === 'GET', signal } = ask
    for (let failures = 0; ; failures++) {
      try {
        return await send(method, path, ask)
      } catch (error) {
        const { retryAfter = 0 } = error as Partial<DarkroomError>
        const again = repeatable && failures < retries && retryAfter <= longestPause
        if (!again || !mayPass(error as Partial<DarkroomError>)) throw error
        await pause(Math.max(backoff(failures), retryAfter), signal)
      }
    }
  }
}

/** True for failures that a retry may get past. A search that was too slow (504) would be as slow again. */
function mayPass({ code, status }: Partial<DarkroomError>) {
  return code === 'NETWORK' || status === 429 || status === 503
}
