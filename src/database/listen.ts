import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { patienceToConnect } from './knock.ts'

export interface Listening {
  close(): Promise<void>
}

interface ListenOptions {
  url: string
  name: string
  /** Callback for each channel's messages. */
  channels: Record<string, (payload: string) => void>
  /** Called after each reconnect: notifications in between are lost, so the caller must poll once. */
  onReconnect: () => void
  onError: (error: Error) => void
}

const firstPause = 100
const longestPause = 5_000
// Milliseconds. After twice this without an answer the connection counts as dead; TCP alone would take a quarter of an
// hour.
const heartbeat = 15_000

/**
 * The one LISTEN connection of a process, which reconnects by itself. A NOTIFY is only a hint, so a lost one does no
 * harm as long as `onReconnect` reports the gap.
 */
export async function listen({ url, name, channels, onReconnect, onError }: ListenOptions): Promise<Listening> {
  const closed = new AbortController()
  let client: pg.Client | undefined
  let pulse: NodeJS.Timeout | undefined

  async function open() {
    const next = new pg.Client({
      connectionString: url,
      application_name: name,
      connectionTimeoutMillis: patienceToConnect * 1000,
      query_timeout: heartbeat,
      keepAlive: true
    })
    next.on('notification', ({ channel, payload }) => channels[channel]?.(payload ?? ''))
    next.on('error', error => lost(next, error))
    next.on('end', () => lost(next, new Error('the connection ended')))
    try {
      await next.connect()
      for (const channel of Object.keys(channels)) await next.query(`listen ${pg.escapeIdentifier(channel)}`)
    } catch (error) {
      await next.end().catch(() => {})
      throw error
    }
    client = next
    if (closed.signal.aborted) return next.end()
    pulse = setInterval(() => next.query('select 1').catch(error => lost(next, error)), heartbeat)
    pulse.unref()
  }

  async function lost(broken: pg.Client, error: Error) {
    if (client !== broken) return
    client = undefined
    clearInterval(pulse)
    broken.end().catch(() => {})
    if (closed.signal.aborted) return
    onError(error)

    for (let pause = firstPause; !closed.signal.aborted; pause = Math.min(pause * 2, longestPause)) {
      try {
        await open()
        return onReconnect()
      } catch {
        await delay(pause, undefined, { signal: closed.signal }).catch(() => {})
      }
    }
  }

  await open()
  return {
    async close() {
      closed.abort()
      clearInterval(pulse)
      const last = client
      client = undefined
      await last?.end().catch(() => {})
    }
  }
}
