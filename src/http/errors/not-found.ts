import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { MethodNotAllowed, RouteNotFound } from '#errors.ts'

const methods: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Where the path is one of ours, the answer names the methods that it takes. */
export function refuseWrongMethod(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
  const [path = '/'] = request.url.split('?')
  const allowed = methods.filter(method => app.findRoute({ method, url: path })).join(', ')
  if (allowed === '') return
  reply.header('allow', allowed)
  throw new MethodNotAllowed(pathOf(request), request.method, allowed)
}

export function notFound(request: FastifyRequest): never {
  throw new RouteNotFound(request.method, pathOf(request))
}

function pathOf({ originalUrl }: FastifyRequest) {
  return originalUrl.split('?')[0]
}
