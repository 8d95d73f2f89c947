import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { answer, bytesIn } from '#schema/answers.ts'
import { problems } from '#schema/problems.ts'
import { version } from '../version.ts'

const headers = {
  ETag: Type.String({ description: 'Of this version' }),
  'Cache-Control': Type.String({ description: 'How long a copy may be used without asking' })
}

/** The typed client for browsers, as one file: `import { connect } from '/client.js'`. */
export const clientJs: FastifyPluginAsyncTypebox = async app => {
  let made: Promise<{ source: string; etag: string }> | undefined

  app.get(
    '/client.js',
    {
      logLevel: 'warn',
      schema: {
        operationId: 'getClient',
        summary: 'The client for browsers, an ES module',
        headers: Type.Object({
          'If-None-Match': Type.Optional(Type.String({ description: 'The ETag of a copy: 304 if it is current' }))
        }),
        response: {
          200: bytesIn(['text/javascript'], 'The module', headers),
          304: answer(Type.Null(), 'The copy is current', headers),
          ...problems()
        }
      }
    },
    async (request, reply) => {
      made ??= make().catch(error => {
        made = undefined
        throw error
      })
      const { source, etag } = await made
      // Used for an hour without asking, and after that asked about rather than fetched.
      reply.headers({ etag, 'cache-control': 'public, max-age=3600', 'x-content-type-options': 'nosniff' })
      if (request.headers['if-none-match'] === etag) return reply.code(304).send(null)
      return reply.type('text/javascript; charset=utf-8').send(source as never)
    }
  )
}

/** In a thread of its own: what takes the types out of the sources has 15 MiB that nobody needs a second time. */
async function make() {
  const thread = new Worker(new URL('./client-thread.ts', import.meta.url))
  const ended = () => void thread.terminate()
  const heard = once(thread, 'message', { signal: AbortSignal.timeout(30_000) }).finally(ended)
  const [modules] = (await heard) as [string]
  const source = `// Darkroom ${version}\n${modules}`
  return { source, etag: `"${createHash('sha256').update(source).digest('base64url').slice(0, 22)}"` }
}
