import { createHmac, type KeyObject } from 'node:crypto'
import { messageName } from '../present.ts'

interface SignOptions {
  id: string
  body: string
  /** After a rotation the new one and the old one. */
  secrets: KeyObject[]
  now?: number
}

/** The headers of Standard Webhooks 1.0. Receivers refuse a time that is 5 minutes off: it is that of the attempt. */
export function signed({ id, body, secrets, now = Date.now() }: SignOptions) {
  const name = messageName(id)
  const timestamp = String(Math.floor(now / 1000))
  const signatures = secrets.map(
    secret => `v1,${createHmac('sha256', secret).update(`${name}.${timestamp}.${body}`).digest('base64')}`
  )
  return { 'webhook-id': name, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
