import { createHmac, timingSafeEqual } from 'node:crypto'

export interface Ticket {
  /** Id of the key that it was made with; null while none is needed. */
  key: string | null
  /** What it opens: a path with its filters. */
  path: string
  /** Milliseconds since 1970. */
  expires: number
}

/**
 * Tickets for pages elsewhere, which can send no header with a WebSocket or an EventSource: a MAC over what they open. They
 * are kept nowhere, and end with their key.
 */
export function tickets(secret: Buffer) {
  const macOf = (body: string) => createHmac('sha256', secret).update(body).digest()

  return {
    /** Of characters that a WebSocket subprotocol may have. */
    write({ key, path, expires }: Ticket) {
      const body = Buffer.from(JSON.stringify([key, path, expires])).toString('base64url')
      return `${body}.${macOf(body).subarray(0, 16).toString('base64url')}`
    },

    /** Undefined for what was not written here, or has expired. */
    read(text: string): Ticket | undefined {
      const [, body, mac] = /^([\w-]{1,3000})\.([\w-]{22})$/.exec(text) ?? []
      if (body === undefined) return undefined
      if (!timingSafeEqual(macOf(body).subarray(0, 16), Buffer.from(mac!, 'base64url'))) return undefined
      const [key, path, expires] = JSON.parse(Buffer.from(body, 'base64url').toString())
      return expires > Date.now() ? { key, path, expires } : undefined
    }
  }
}

export type Tickets = ReturnType<typeof tickets>

/** A path and its query in one spelling, without the ticket itself. */
export function plainPath(url: string) {
  const { pathname, searchParams } = new URL(url, 'http://x')
  searchParams.delete('ticket')
  searchParams.sort()
  const query = searchParams.toString()
  const path = pathname.replace(/(?<=.)\/$/, '').toLowerCase()
  return query === '' ? path : `${path}?${query}`
}
