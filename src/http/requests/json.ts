import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { InvalidJson, InvalidRequest } from '#errors.ts'
import { refuse } from '#schema/check.ts'
import { deepest, nestsTooDeeply, unstorableIn } from '#schema/storable.ts'

/** Fastify's parser plus checks: what Postgres cannot store is a 400 here, and would be a 500 later. */
export function parseJsonStrictly(app: FastifyInstance) {
  const parse = app.getDefaultJsonParser('error', 'error')

  // Without its parser a plain-text body is a 415; Fastify would pass it to the route as a string.
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer
    if (!isUtf8(bytes)) return done(new InvalidJson('it is not valid UTF-8'))
    if (nestsTooDeeply(bytes)) return done(new InvalidRequest(`The body nests more than ${deepest} levels deep`))
    const text = bytes.toString()
    // Many clients set the JSON content type on every request, so a route that needs no body accepts an empty one.
    const schema = request.routeOptions.schema?.body
    if (text === '' && (!schema || 'default' in (schema as object))) return done(null, undefined)
    parse(request, text, (error, value) => {
      if (error) return done(new InvalidJson(text === '' ? 'it is empty' : faultIn(text)))
      const problems = unstorableIn(value, text)
      if (problems.length > 0) return done(refuse(problems))
      done(null, value)
    })
  })
}

/** Fastify's parser does not say where. What Node's takes has names that could reach the prototype of an object. */
function faultIn(text: string) {
  try {
    JSON.parse(text)
    return 'it has "__proto__" or "constructor.prototype" as a name'
  } catch (error) {
    return (error as Error).message
  }
}
