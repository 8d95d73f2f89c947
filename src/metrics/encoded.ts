import { channel } from 'node:diagnostics_channel'

/** Prints that one run of the encoder has made, and for how long it ran. */
export interface Encoding {
  rungs: string[]
  seconds: number
}

// The kinds of films know no metrics, and a worker no films.
const encodings = channel('darkroom:encoding')

export function sayEncoded(encoding: Encoding) {
  encodings.publish(encoding)
}

export function hearEncoded(hear: (encoding: Encoding) => void) {
  const listen = (message: unknown) => hear(message as Encoding)
  encodings.subscribe(listen)
  return () => encodings.unsubscribe(listen)
}
