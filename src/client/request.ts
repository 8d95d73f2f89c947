import { DarkroomError, errorOf } from './errors.ts'
import { backoff, pause } from './pause.ts'

export interface ConnectOptions {
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch
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
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Whether the request may be sent twice; by default a GET. */
  repeatable?: boolean
}

export type Request = <T>(method: string, path: string, ask?: Ask) => Promise<T>

// Seconds. A longer `Retry-After` is left to the program, in the `retryAfter` of the error.
const longestPause = 60

/** Sends requests, and repeats those that are safe to repeat and may succeed. */
export function requester(base: URL, { fetch, headers, retries = 5 }: ConnectOptions): Request {
  const send = fetch ?? ((...input: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...input))

  return async function request<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
    const { repeatable = method === 'GET', signal } = ask
    for (let failures = 0; ; failures++) {
      try {
        return await once(method, path, ask)
      } catch (error) {
        const { retryAfter = 0 } = error as Partial<DarkroomError>
        const again = repeatable && failures < retries && retryAfter <= longestPause
        if (!again || !mayPass(error as Partial<DarkroomError>)) throw error
        await pause(Math.max(backoff(failures), retryAfter), signal)
      }
    }
  }

  async function once(method: string, path: string, { query, body, headers: more, signal }: Ask) {
    const url = new URL(path, base)
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const { status, text, retryAfter } = await answerTo(url, {
      method,
      headers: { ...headers, ...more, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal })
    })
    if (status >= 400) throw errorOf(status, text, retryAfter)
    return text === '' ? undefined : JSON.parse(text)
  }

  async function answerTo(url: URL, init: RequestInit) {
    try {
      const response = await send(url, init)
      return {
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        text: await response.text()
      }
    } catch (error) {
      init.signal?.throwIfAborted()
      throw new DarkroomError(`There was no answer from ${url.origin}`, { code: 'NETWORK', cause: error })
    }
  }
}

/** True for failures that a retry may get past. A search that was too slow (504) would be as slow again. */
function mayPass({ code, status }: Partial<DarkroomError>) {
  return code === 'NETWORK' || status === 429 || status === 503
}
