import { signal } from '@preact/signals'

/** A request was answered 401: pages ask for nothing more until a key is signed in, or the API would refuse the address. */
export const closed = signal(false)
/** Whatever a page asks for is refused, since a proxy sends it for a public address while there is no key. */
export const barred = signal(false)
/** How many secrets are shown that nothing may cover. */
export const secretsShown = signal(0)
