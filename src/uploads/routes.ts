import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { MethodNotAllowed, TusVersion } from '#errors.ts'
import type { ResumableNeeds } from './append.ts'
import { abilities, checkVersion, hasBytes, tusVersion } from './headers.ts'
import { operations } from './operations.ts'
import type { Refused } from './refused.ts'
import { address, answering } from './requests.ts'

const methods = 'GET, HEAD, PATCH, DELETE, OPTIONS'

/** Resumable uploads by the protocol tus 1.0 (https://tus.io). */
export const resumableRoutes: FastifyPluginAsyncTypebox<ResumableNeeds> = async (app, needs) => {
  const { create, read, readHeaders, append, remove, settled } = answering(needs)
  // Bytes are streamed; their number is checked as they come.
  const bodyLimit = Math.max(needs.maxUploadBytes * 2, 1024 * 1024)
  const one = `${address}/:id`

  const config = { scope: 'submit' } as const

  speakTus(app)
  app.addHook('onClose', async () => void (await settled()))

  const able = abilities(needs.maxUploadBytes)
  app.options(
    address,
    { config: { scope: 'public' }, schema: operations.abilities },
    async (_, reply) => void reply.code(204).headers(able)
  )
  app.options(
    one,
    { config: { scope: 'public' }, schema: operations.abilitiesOfOne },
    async (_, reply) => void reply.code(204).headers(able)
  )
  app.post(address, { config, schema: operations.create, bodyLimit, onRequest: mayBringBytes }, create)
  app.get(one, { config: { scope: 'read', own: true }, schema: operations.read }, read)
  app.patch(one, { config, schema: operations.append, bodyLimit, onRequest: mustBringBytes }, append)
  app.delete(one, { config, schema: operations.remove, onRequest: mustSayVersion }, remove)
  app.post(one, { config, schema: operations.override, bodyLimit, onRequest: mustOverride }, (request, reply) => {
    const meant = methodMeant(request)
    if (meant === 'PATCH') return append(request, reply)
    if (meant === 'DELETE') return remove(request, reply)
    return readHeaders(request, reply)
  })
}

function speakTus(app: FastifyInstance) {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.addHook('onRequest', async (_request, reply) => void reply.header('tus-resumable', tusVersion))
  app.setErrorHandler<Refused>((error, _request, reply) => {
    reply.headers(error.headers ?? {})
    if (error instanceof TusVersion) reply.header('tus-version', tusVersion)
    throw error
  })
}

async function mustSayVersion({ headers }: FastifyRequest) {
  checkVersion(headers)
}

async function mayBringBytes({ headers }: FastifyRequest) {
  checkVersion(headers)
  hasBytes(headers)
}

async function mustBringBytes({ headers }: FastifyRequest) {
  checkVersion(headers)
  hasBytes(headers, { always: true })
}

async function mustOverride(request: FastifyRequest) {
  const meant = methodMeant(request)
  if (meant === undefined) throw new MethodNotAllowed(request.method, methods)
  await (meant === 'PATCH' ? mustBringBytes(request) : mustSayVersion(request))
}

function methodMeant({ headers }: FastifyRequest) {
  const method = String(headers['x-http-method-override'] ?? '').toUpperCase()
  return ['PATCH', 'DELETE', 'HEAD'].includes(method) ? method : undefined
}
