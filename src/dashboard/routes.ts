import { createHash } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { RouteNotFound } from '#errors.ts'
import { answer, bytesIn } from '#schema/answers.ts'
import { problems } from '#schema/problems.ts'
import { type Built, bundleDashboard } from './bundle.ts'
import { notBuilt, pagePolicy, shell } from './shell.ts'

const caching = {
  ETag: Type.String({ description: 'Of this version' }),
  'Cache-Control': Type.String({ description: 'How long a copy may be used without asking' })
}
const IfNoneMatch = Type.Object({
  'If-None-Match': Type.Optional(Type.String({ description: 'The ETag of a copy: 304 if it is current' }))
})

const pageSchema = (operationId: string, summary: string) => ({
  operationId,
  summary,
  headers: IfNoneMatch,
  response: {
    200: bytesIn(['text/html'], 'The page', caching),
    304: answer(Type.Null(), 'The copy is current', caching),
    ...problems()
  }
})

const assetSchema = {
  operationId: 'getDashboardAsset',
  summary: 'A script or style of the dashboard',
  params: Type.Object({ file: Type.String({ description: 'Its name, with a hash of its contents' }) }),
  response: {
    200: bytesIn(['text/javascript', 'text/css', 'text/plain'], 'The file; a name has one content for ever', {
      'Cache-Control': caching['Cache-Control']
    }),
    ...problems(RouteNotFound)
  }
}

/** The dashboard: one page for every address below /ui, and its scripts and styles. */
export const dashboardRoutes: FastifyPluginAsyncTypebox<{ bundle?: () => Promise<Built> }> = async (
  app,
  { bundle = bundleDashboard }
) => {
  let building: Promise<Built> | undefined
  /** A failure is not kept: esbuild may be installed meanwhile. */
  function built() {
    building ??= bundle().catch(error => {
      building = undefined
      app.log.warn({ err: error }, 'the dashboard could not be bundled')
      throw error
    })
    return building
  }

  async function sendPage(request: FastifyRequest, reply: FastifyReply) {
    reply.headers({ 'content-security-policy': pagePolicy, 'cache-control': 'no-cache' })
    reply.type('text/html; charset=utf-8')
    const found = await built().catch((error: Error) => error)
    if (found instanceof Error) return reply.code(503).send(notBuilt(found.message.split('\n')[0]!) as never)

    const html = shell(request.originalUrl, found)
    const etag = `"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"`
    reply.header('etag', etag)
    if (request.headers['if-none-match'] === etag) return reply.code(304).send(null as never)
    return reply.send(html as never)
  }

  app.get(
    '/ui',
    { config: { scope: 'public' }, logLevel: 'warn', schema: pageSchema('getDashboard', 'The dashboard') },
    sendPage
  )
  const params = Type.Object({ '*': Type.String({ description: 'Path of the page' }) })
  const anyPage = { ...pageSchema('getDashboardPage', 'A page of the dashboard'), params }
  app.get('/ui/*', { config: { scope: 'public' }, logLevel: 'warn', schema: anyPage }, sendPage)

  app.get(
    '/ui/assets/:file',
    {
      logLevel: 'warn',
      config: { scope: 'public' },
      schema: assetSchema
    },
    async (request, reply) => {
      const asset = (await built().catch(() => undefined))?.assets.get(request.params.file)
      if (!asset) throw new RouteNotFound('GET', request.originalUrl.split('?')[0])
      const accepted = request.headers['accept-encoding'] ?? ''
      const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : undefined
      reply.headers({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'accept-encoding' })
      if (encoding) reply.header('content-encoding', encoding)
      return reply.type(asset.type).send(asset[encoding ?? 'plain'] as never)
    }
  )
}

/** Whether it is a browser at the root of the service. */
export function leadsToDashboard({ method, headers, url }: FastifyRequest) {
  return (
    (method === 'GET' || method === 'HEAD') && url.split('?')[0] === '/' && /\btext\/html\b/.test(headers.accept ?? '')
  )
}
