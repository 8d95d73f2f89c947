import { Unreachable } from '../failures.ts'
import { placeOf } from './address.ts'

/** A fetch that sends the key, and takes only answers of our service: a proxy before it may answer with a page. */
export function checkingFetch(base: URL, key: string | undefined): typeof globalThis.fetch {
  const place = placeOf(base)
  return async (input, init) => {
    const headers = new Headers(init?.headers)
    if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
    // A redirect would lose the key or, for another method than GET, the body.
    const response = await fetch(input, { ...init, headers, redirect: 'manual' })
    const { status } = response
    const elsewhere = response.headers.get('location')
    if (status >= 300 && status < 400 && status !== 304) {
      throw new Unreachable(
        `${place} redirects to ${elsewhere ?? 'nowhere'}: set DARKROOM_URL to the address of the service`
      )
    }
    const type = response.headers.get('content-type') ?? ''
    if (status !== 204 && !/json|event-stream|octet-stream|^text\/plain|^$/.test(type)) {
      await response.body?.cancel()
      throw new Unreachable(
        `${place} answers with ${type.split(';')[0]} and status ${status}, not as the service does: something before it answers, or DARKROOM_URL is the address of something else`
      )
    }
    return response
  }
}
