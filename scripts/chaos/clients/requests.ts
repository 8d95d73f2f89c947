// Milliseconds.
const patience = 15_000

export interface Answer {
  status: number
  body: any
}

/** Requests to the API, which may be down, or end before it answers. */
export function requestsTo(address: string) {
  async function post(path: string, body?: unknown, key?: string): Promise<Answer | 'unreached' | 'lost'> {
    try {
      const response = await fetch(address + path, {
        method: 'POST',
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && { 'idempotency-key': key })
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patience)
      })
      return { status: response.status, body: await response.json() }
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string }
      return code === 'ECONNREFUSED' ? 'unreached' : 'lost'
    }
  }

  async function get(path: string): Promise<any> {
    try {
      const response = await fetch(address + path, { signal: AbortSignal.timeout(patience) })
      return response.ok ? await response.json() : undefined
    } catch {
      return undefined
    }
  }

  return { post, get }
}

export type Requests = ReturnType<typeof requestsTo>
