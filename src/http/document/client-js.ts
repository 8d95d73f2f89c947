import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { answer, bytesIn } from '#schema/answers.ts'
import { keyed, problems } from '#schema/problems.ts'

const headers = {
  ETag: Type.String({ description: 'Of this version' }),
  'Cache-Control': Type.String({ description: 'How long a copy may be used without asking' })
}

// Checked in, and built from src/client by `npm run client`: the container image has no esbuild.
const file = new URL('../../../client/index.js', import.meta.url)

/** The client for browsers: `import { connect } from '/client.js'`. */
export const clientJs: FastifyPluginAsyncTypebox = async app => {
  const source = await readFile(file)
  const etag = `"${createHash('sha256').update(source).digest('base64url').slice(0, 22)}"`

  app.get(
    '/client.js',
    {
      logLevel: 'warn',
      config: { scope: 'read', own: true },
      schema: {
        operationId: 'getClient',
        summary: 'The client for browsers, an ES module',
        headers: Type.Object({
          'If-None-Match': Type.Optional(Type.String({ description: 'The ETag of a copy: 304 if it is current' }))
        }),
        response: {
          200: bytesIn(['text/javascript'], 'The module', headers),
          304: answer(Type.Null(), 'The copy is current', headers),
          ...problems(...keyed)
        }
      }
    },
    async (request, reply) => {
      // Browsers use their copy for an hour, then revalidate it by its ETag.
      reply.headers({ etag, 'cache-control': 'public, max-age=3600', 'x-content-type-options': 'nosniff' })
      if (request.headers['if-none-match'] === etag) return reply.code(304).send(null)
      return reply.type('text/javascript; charset=utf-8').send(source as never)
    }
  )
}
