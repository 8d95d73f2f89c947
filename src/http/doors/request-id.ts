import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const accepted = /^[\w.:-]{1,128}$/

/** The client's `X-Request-Id` where it is safe to log and send back, else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && accepted.test(given) ? given : randomUUID()
}
