import { signal } from '@preact/signals'

/** A request was answered 401: pages ask for nothing more until a key is signed in, or the API would refuse the address. */
export const closed = signal(false)
/** How many secrets are shown that nothing may cover. */
export const secretsShown = signal(0)
