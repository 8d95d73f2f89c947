import type { TSchema } from 'typebox'

/** A response as the documentation shows it: what the answer means, and the headers that come with it. */
export function answer<S extends TSchema>(schema: S, description: string, headers?: Record<string, TSchema>): S {
  return { ...schema, 'x-response-description': description, ...(headers && { headers }) }
}

/** A response of bytes in one of these types, or of a text that is no JSON. */
export function bytesIn(types: string[], description: string, headers?: Record<string, TSchema>) {
  return {
    description,
    ...(headers && { headers }),
    content: Object.fromEntries(types.map(type => [type, { schema: {} }]))
  }
}
