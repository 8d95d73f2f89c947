import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { InvalidJson, InvalidRequest } from '#errors.ts'
import { refuse } from '#schema/check.ts'
import { deepest, nestsTooDeeply, unstorableIn } from '#schema/storable.ts'

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
      const problems = unstorableIn(value, text)
      if (problems.length > 0) return done(refuse(problems))
      done(null, value)
    })
  })
}
