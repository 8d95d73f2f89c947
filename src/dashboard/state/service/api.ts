import { addressOf } from './base.ts'
import { closed } from './door.ts'
import { hearServerTime, momentNow } from './time.ts'

/** What the server, or the way to it, refused. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly errors: { field: string; message: string }[]
  readonly requestId: string | null
  readonly retryAfter: number | null
  /** When it was refused. */
  readonly at = momentNow()

  constructor(answer: Response | undefined, body: { code?: string; detail?: string; errors?: ApiError['errors'] }) {
    super(body.detail ?? (answer ? `The server answered ${answer.status}` : 'The server does not answer'))
    this.status = answer?.status ?? 0
    this.code = body.code ?? (answer ? 'HTTP' : 'NETWORK')
    this.errors = body.errors ?? []
    this.requestId = answer?.headers.get('x-request-id') ?? null
    const seconds = Number(answer?.headers.get('retry-after'))
    this.retryAfter = seconds > 0 ? seconds : null
  }

  /** The server cannot be reached, or says that it cannot reach its database. */
  get isOutage() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

export interface Ask {
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

// Milliseconds. The server answers or refuses within this; where neither comes, the connection is dead.
const longestWait = 60_000

export async function request<T>(method: string, path: string, { body, headers = {}, signal }: Ask = {}): Promise<T> {
  const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
  const limit = AbortSignal.timeout(longestWait)
  let answer: Response
  let text: string
  try {
    answer = await fetch(addressOf(path), {
      method,
      headers: { ...json, ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit
    })
    text = await answer.text()
  } catch (error) {
    if (signal?.aborted) throw error
    throw new ApiError(undefined, {})
  }
  hearServerTime(answer.headers.get('date'))
  if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T
  if (answer.status === 401) closed.value = true
  throw new ApiError(answer, problemIn(text))
}

function problemIn(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
