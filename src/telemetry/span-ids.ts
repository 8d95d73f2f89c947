import { randomBytes } from 'node:crypto'

let given: string | undefined

/** For a thread without a tracer, whose span is told to its worker when it has ended. */
export const newSpanId = () => randomBytes(8).toString('hex')

/** The span that starts next gets this id. */
export function giveSpanId(id: string | undefined) {
  given = id
}

export function takeSpanId(): string | undefined {
  const id = given
  given = undefined
  return id
}
