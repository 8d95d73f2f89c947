import { DarkroomError } from '#client/errors.ts'
import { type Ask, repeating, sender } from '#client/request.ts'
import { Unreachable } from '../failures.ts'
import { findService } from './address.ts'
import { checkingFetch } from './fetch.ts'
import { findKey } from './key.ts'
import { refusalOf } from './refusal.ts'

export interface Service {
  base: URL
  /** Sends a request once. */
  request<T = any>(method: string, path: string, ask?: Ask): Promise<T>
  get<T = any>(path: string, query?: Ask['query'], ask?: Ask): Promise<T>
  /** Goes on through lost connections and restarts, for what takes long. */
  patient<T = any>(method: string, path: string, ask?: Ask): Promise<T>
  /** One clear sentence for what a request of the client library fails with. */
  worded<T>(asked: Promise<T>, path: string): Promise<T>
  /** For the client library, and for streams. */
  fetch: typeof globalThis.fetch
}

// Seconds. Answers to `wait` take longer by themselves.
const patience = 60
// With their pauses about 50 s, in which a service is restarted.
const retries = 10

/** The running service, as a client sees it. Nothing is sent yet. */
export function openService(): Service {
  const base = findService()
  const key = findKey()
  const fetch = checkingFetch(base, key)
  const send = sender(base, { fetch })
  const again = repeating(send, { retries })
  let isHere = false

  async function worded<T>(asked: Promise<T>, path: string): Promise<T> {
    try {
      const answer = await asked
      isHere = true
      return answer
    } catch (error) {
      throw await refusalOf(error, { base, path, hasKey: key !== undefined, send })
    }
  }

  const request = <T>(method: string, path: string, ask: Ask = {}) =>
    worded(send<T>(method, path, { timeout: patience, ...ask }), path)

  // A service that has never answered is not waited for.
  async function persist<T>(method: string, path: string, ask: Ask) {
    if (isHere) return again<T>(method, path, ask)
    try {
      return await send<T>(method, path, ask)
    } catch (error) {
      if (isUnsent(error)) throw error
      return again<T>(method, path, ask)
    }
  }

  return {
    base,
    fetch,
    worded,
    request,
    get: (path, query, ask) => request('GET', path, { query, ...ask }),
    patient: (method, path, ask = {}) => worded(persist(method, path, { timeout: patience, ...ask }), path)
  }
}

/** Whether no connection was made. */
function isUnsent(error: unknown): boolean {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: unknown }
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code ?? '')) return true
  return error instanceof Unreachable || (cause !== undefined && isUnsent(cause))
}

/** Whether a later request may get an answer. */
export function mayPass(error: unknown) {
  if (error instanceof Unreachable) return true
  return error instanceof DarkroomError && (error.status === 503 || error.status === 429)
}
