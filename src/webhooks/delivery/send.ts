import type { Connections } from '#outbound/connections.ts'
import { Refused } from '#outbound/guard.ts'
import { type Answer, post } from '#outbound/post.ts'
import { version } from '#version.ts'
import { bodyOf } from './body.ts'
import type { Message } from './claim.ts'
import type { OpenSecret } from './secrets.ts'
import { signed } from './sign.ts'
import { delayAfter, wishIn } from './steps.ts'
import { type DeliveryRun, type PlaceInTrace, placeInTrace, runOf } from './trace.ts'

const agent = `Darkroom/${version}`

/** How an attempt ended. */
export interface Told {
  id: string
  webhook_id: string
  at: string
  ms: number
  status: number | null
  error: string | null
  answer: string | null
  address: string | null
  delivered: boolean
  /** Seconds until the next try; null where there is none. */
  delay: number | null
  /** The receiver wants nothing any more. */
  gone: boolean
  /** The webhook had failed since its last success. */
  failing: boolean
}

export interface SendOptions {
  connections: Connections
  secretOf: OpenSecret
  publicUrl: string | undefined
  signal: AbortSignal
  /** Tells of each attempt in a trace; undefined where no spans are sent. */
  trace: ((run: DeliveryRun) => void) | undefined
}

/** One attempt; it never rejects. Undefined where this worker has cut it off: then it does not count. */
export async function send(message: Message, options: SendOptions): Promise<Told | undefined> {
  const { id, webhook_id, tries, failing } = message
  const at = new Date().toISOString()
  const began = performance.now()
  const place = options.trace && placeInTrace(message)
  let ended: ReturnType<typeof answered> | ReturnType<typeof unanswered>
  try {
    ended = answered(await attempt(message, options, place), tries)
  } catch (error) {
    ended = unanswered(error as Error, tries)
  }
  if (options.signal.aborted) return undefined
  const told = { id, webhook_id, at, ms: Math.round(performance.now() - began), failing, ...ended }
  if (place) options.trace!(runOf(message, place, told))
  return told
}

function attempt(message: Message, options: SendOptions, place: PlaceInTrace | undefined) {
  const { connections, secretOf, publicUrl } = options
  const { id, webhook_id, url, secret, old_secret } = message
  const traceparent = place?.traceparent ?? message.traceparent
  const body = bodyOf(message, publicUrl)
  const secrets = [secretOf(webhook_id, secret)]
  if (old_secret) secrets.push(secretOf(webhook_id, old_secret))
  const headers: Record<string, string> = signed({ id, body, secrets })
  headers['content-type'] = 'application/json'
  headers['user-agent'] = agent
  if (traceparent) headers.traceparent = traceparent
  return post({ url, headers, body, connections })
}

function answered({ status, headers, text, address }: Answer, tries: number) {
  const delivered = status >= 200 && status < 300
  const gone = status === 410
  return {
    status,
    answer: text,
    address,
    delivered,
    gone,
    error: delivered ? null : status >= 300 && status < 400 ? 'redirect: it is not followed' : `status ${status}`,
    delay: delivered || gone ? null : delayAfter(tries, wishIn(headers['retry-after']))
  }
}

function unanswered(error: Error & { code?: string }, tries: number) {
  const isRefused = error instanceof Refused
  return {
    status: null,
    answer: null,
    address: null,
    delivered: false,
    gone: false,
    // Its text may hold addresses behind the name of the receiver.
    error: isRefused ? `refused: ${error.message}` : (error.code ?? error.message.slice(0, 200)),
    delay: isRefused ? null : delayAfter(tries, undefined)
  }
}
