import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'
import t from 'tap'
import { openService } from '../../harness/service.ts'

const routes: RouteOptions[] = []
subscribe('fastify.initialization', message => {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', route => void routes.push(route))
  fastify.addHook('onRequest', async ({ routeOptions }, reply) => {
    reply.header('x-scope', String(routeOptions.config.scope))
  })
})

for (const [PLAYBACK, made] of [
  ['auto', 'read'],
  ['public', 'public']
] as const) {
  t.test(
    `with PLAYBACK=${PLAYBACK}, what was made of a film is "${made}", and its original never is for all`,
    async t => {
      routes.length = 0
      const service = await openService(t, { env: { PLAYBACK } })
      const scopes = Object.fromEntries(
        routes
          .filter(({ method, url }) => method !== 'HEAD' && /\/files\/|\/playback|\/play\/|signing/.test(url))
          .map(({ method, url, config }) => [`${method} ${url}`, config?.scope])
      )
      t.strictSame(scopes, {
        'GET /api/videos/:id/files/original': 'original',
        'GET /api/videos/:id/files/*': made,
        'POST /api/videos/:id/playback': 'play',
        'POST /api/videos/:id/playback/revoke': 'play',
        'GET /play/:token/:id/*': 'public',
        'OPTIONS /play/:token/:id/*': 'public',
        'GET /api/signing-keys': 'admin',
        'POST /api/signing-keys': 'admin',
        'DELETE /api/signing-keys/:kid': 'admin'
      })

      // No spelling of its path reaches the original by the other route.
      const { id } = await service.keep('no film, but a file')
      for (const name of ['original', '%6Friginal', 'origina%6C', 'original/']) {
        const url = `/api/videos/${id}/files/${name}`
        const { body, headers } = await service.get(url)
        t.equal(body, 'no film, but a file', name)
        t.equal(headers['x-scope'], 'original', name)
      }
      for (const name of ['Original', '%2foriginal', 'original%2f', 'hls%2f..%2foriginal']) {
        t.equal((await service.get(`/api/videos/${id}/files/${name}`)).statusCode, 404, name)
      }
    }
  )
}
