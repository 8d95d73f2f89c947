import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { InvalidJson, InvalidRequest } from '#errors.ts'
import { join, refuse } from '#schema/check.ts'

// Far beyond what anybody writes, and far below what ends Postgres' stack, or ours.
const deepest = 200

/** Fastify's parser, made strict: what Postgres could not keep is refused here and not with a 500 later. */
export function parseJsonStrictly(app: FastifyInstance) {
  const parse = app.getDefaultJsonParser('error', 'error')

  // Fastify's own parser for plain text would hand a body on as a text: one that is meant as JSON says so.
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer
    if (!isUtf8(bytes)) return done(new InvalidJson('it is not valid UTF-8'))
    if (nestsTooDeeply(bytes)) return done(new InvalidRequest(`The body nests more than ${deepest} levels deep`))
    const text = bytes.toString()
    // Many clients say that they send JSON whatever they send. Where nothing is asked for, nothing is fine.
    if (text === '' && !request.routeOptions.schema?.body) return done(null, undefined)
    parse(request, text, (error, value) => {
      if (error) return done(new InvalidJson(text === '' ? 'it is empty' : error.message))
      // Only these escapes can bring in what is looked for; most bodies have none.
      if (/\\u(0000|d[89a-f][0-9a-f]{2})/i.test(text)) {
        const field = unstorable(value)
        if (field !== undefined)
          return done(refuse([{ field, message: 'has a NUL or half a surrogate pair in a text' }]))
      }
      done(null, value)
    })
  })
}

const [quote, backslash, openList, closeList, openObject, closeObject] = Buffer.from('"\\[]{}')

/** Counts brackets outside of texts: whether they match is the parser's to say. */
function nestsTooDeeply(bytes: Buffer) {
  let depth = 0
  let inText = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (inText) {
      if (byte === backslash) i++
      else if (byte === quote) inText = false
    } else if (byte === quote) inText = true
    else if (byte === openList || byte === openObject) {
      if (++depth > deepest) return true
    } else if (byte === closeList || byte === closeObject) depth--
  }
  return false
}

/**
 * The field with the first text that Postgres has no way to keep; where that is a key, the one that the key is in.
 * Without recursion: a body may nest deeply.
 */
function unstorable(body: unknown): string | undefined {
  const open: { field: string; value: unknown }[] = [{ field: '', value: body }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { field, value } = next
    if (typeof value === 'string' && isUnstorable(value)) return field
    if (typeof value !== 'object' || value === null) continue
    for (const [key, each] of Object.entries(value)) {
      if (isUnstorable(key)) return field
      open.push({ field: join(field, Array.isArray(value) ? `[${key}]` : key), value: each })
    }
  }
  return undefined
}

function isUnstorable(text: string) {
  return !text.isWellFormed() || text.includes('\0')
}
