import { once } from 'node:events'
import pg from 'pg'

/** Seconds. A connection that cannot be had in 5 s will not be had in 50: the caller is told, and may try again. */
export const patienceToConnect = 5

/** Why a database does not open, if it does not. */
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
