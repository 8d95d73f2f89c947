import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const accepted = /^[\w.:-]{1,128}$/

/** The caller's `X-Request-Id` where it can be logged and sent back as it is, else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && accepted.test(given) ? given : randomUUID()
}
