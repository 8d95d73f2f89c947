import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { leadsToDashboard } from '#dashboard/routes.ts'
import { MethodNotAllowed, RouteNotFound } from '#errors.ts'

import { loggedUrl } from '../requests/logged-url.ts'

/** Answers whether there is a file, which it then sends. Not the reply: to await one is to wait for its end. */
type Serve = (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>

const methods: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/**
 * Without a matching route: 405 for a wrong method on a known path, else a file from `serve`, else the dashboard for a
 * browser at the root, else 404.
 */
export function answerUnknown(app: FastifyInstance, serve: Serve | undefined) {
  app.setNotFoundHandler(async (request, reply) => {
    const [path = '/'] = request.url.split('?')
    const said = loggedUrl(request.originalUrl.split('?')[0]!)
    const allowed = methods.filter(method => app.findRoute({ method, url: path })).join(', ')
    if (allowed !== '') {
      reply.header('allow', allowed)
      throw new MethodNotAllowed(request.method, allowed)
    }
    if (await serve?.(request, reply)) return reply
    // Relative, so that it works below any path of a proxy.
    if (leadsToDashboard(request)) return reply.code(302).header('location', 'ui').send()
    throw new RouteNotFound(request.method, said)
  })
}
