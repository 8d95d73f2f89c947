import { DarkroomError, errorOf } from './errors.ts'
import { backoff, pause } from './pause.ts'

export interface ConnectOptions {
  /** Instead of the global one. */
  fetch?: typeof globalThis.fetch
  /** Sent with every request. */
  headers?: Record<string, string>
  /** How often a request is sent again that had no answer, or 503; with growing pauses, 5 make about 8 s. */
  retries?: number
}

export interface Ask {
  query?: Record<string, string | number | undefined>
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** It does no harm to send it twice. */
  repeatable?: boolean
}

export type Request = <T>(method: string, path: string, ask?: Ask) => Promise<T>

/** Asks, and asks again where that is safe and there is hope. */
export function requester(base: URL, { fetch, headers, retries = 5 }: ConnectOptions): Request {
  const send = fetch ?? ((...input: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...input))

  return async function request<T>(method: string, path: string, ask: Ask = {}): Promise<T> {
    const { repeatable = method === 'GET', signal } = ask
    for (let failures = 0; ; failures++) {
      try {
        return await once(method, path, ask)
      } catch (error) {
        const { code, status, retryAfter = 0 } = error as Partial<DarkroomError>
        const hopeful = code === 'NETWORK' || status === 503
        if (!repeatable || !hopeful || failures >= retries) throw error
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
