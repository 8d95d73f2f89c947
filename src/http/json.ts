import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { InvalidJson, InvalidRequest } from '#errors.ts'

/** Fastify's parser, made strict: what Postgres could not keep is refused here and not with a 500 later. */
export function parseJsonStrictly(app: FastifyInstance) {
  const parse = app.getDefaultJsonParser('error', 'error')

  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const bytes = body as Buffer
    if (!isUtf8(bytes)) return done(new InvalidJson('it is not valid UTF-8'))
    const text = bytes.toString()
    parse(request, text, (error, value) => {
      if (error) return done(new InvalidJson(text === '' ? 'it is empty' : error.message))
      // Only these escapes can bring in what is looked for; most bodies have none.
      if (/\\u(0000|d[89a-f][0-9a-f]{2})/i.test(text)) {
        const path = unstorable(value)
        if (path !== undefined) return done(new InvalidRequest(`${path} has a NUL or half a surrogate pair in a text`))
      }
      done(null, value)
    })
  })
}

/** The path of the first text that Postgres has no way to keep. Without recursion: a body may nest deeply. */
function unstorable(body: unknown): string | undefined {
  const open: { path: string; value: unknown }[] = [{ path: 'the body', value: body }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { path, value } = next
    if (typeof value === 'string' && (!value.isWellFormed() || value.includes('\0'))) return path
    if (typeof value !== 'object' || value === null) continue
    for (const [key, each] of Object.entries(value)) {
      if (!key.isWellFormed() || key.includes('\0')) return `a key of ${path}`
      open.push({ path: path === 'the body' ? key : `${path}.${key}`, value: each })
    }
  }
  return undefined
}
