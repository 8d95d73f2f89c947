import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { answer, bytesIn } from '#schema/answers.ts'
import { problems } from '#schema/problems.ts'
import { version } from '../version.ts'

const folder = path.resolve(import.meta.dirname, '../client')
// Each after those that it needs when it is read.
const parts = ['errors', 'pause', 'request', 'watch', 'upload', 'client']

const headers = { ETag: Type.String(), 'Cache-Control': Type.String() }

/** The typed client for browsers, as one file: `import { connect } from '/client.js'`. */
export const clientJs: FastifyPluginAsyncTypebox = async app => {
  const source = await bundle()
  const etag = `"${createHash('sha256').update(source).digest('base64url').slice(0, 22)}"`

  app.get(
    '/client.js',
    {
      logLevel: 'warn',
      schema: {
        summary: 'The client for browsers, an ES module',
        headers: Type.Object({ 'If-None-Match': Type.Optional(Type.String()) }),
        response: {
          200: bytesIn(['text/javascript'], 'The module', headers),
          304: answer(Type.Null(), 'It has not changed', headers),
          ...problems()
        }
      }
    },
    async (request, reply) => {
      // Used for an hour without asking, and after that asked about rather than fetched.
      reply.headers({ etag, 'cache-control': 'public, max-age=3600', 'x-content-type-options': 'nosniff' })
      if (request.headers['if-none-match'] === etag) return reply.code(304).send(null)
      return reply.type('text/javascript; charset=utf-8').send(source as never)
    }
  )
}

/** Its modules one after the other: no name occurs twice in them, and they import nothing but each other. */
async function bundle() {
  const sources = await Promise.all(parts.map(part => readFile(path.join(folder, `${part}.ts`), 'utf8')))
  const modules = quietly(() => sources.map(source => stripTypeScriptTypes(source)))
    .map(source => source.replaceAll(/^(?:import|export) \{[^}]*\} from '\.\/[^']+'$/gm, ''))
    .map(source => source.replaceAll(/^export (?=async|class|function)/gm, ''))
    .map(source => source.replaceAll(/[ \t]+$/gm, '').replaceAll(/\n{3,}/g, '\n\n'))
  return `// Darkroom ${version}\n${modules.join('\n')}\nexport { connect, DarkroomError, TaskFailed }\n`
}

/** Node runs all of this with the function that it warns of; whoever starts a server has nothing to learn from that. */
function quietly<T>(strip: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return strip()
  } finally {
    process.emitWarning = emitWarning
  }
}
