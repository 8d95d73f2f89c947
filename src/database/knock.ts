import { once } from 'node:events'
import pg from 'pg'

/** Seconds. A server that does not accept a connection in 5 s would not in 50; the caller may retry. */
export const patienceToConnect = 5

/** The error of a test connection to a database, undefined if it succeeds. */
export async function knock(url: string, signal?: AbortSignal): Promise<(Error & { code?: string }) | undefined> {
  signal?.throwIfAborted()
  const client = new pg.Client({
    connectionString: url,
    application_name: 'darkroom knock',
    connectionTimeoutMillis: patienceToConnect * 1000
  })
  client.on('error', () => {})
  const over = new AbortController()
  try {
    await Promise.race([client.connect(), ...(signal ? [once(signal, 'abort', { signal: over.signal })] : [])])
    return undefined
  } catch (error) {
    return error as Error
  } finally {
    over.abort()
    void client.end().catch(() => {})
  }
}
