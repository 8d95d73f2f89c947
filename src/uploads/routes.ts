import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import {
  IdempotencyKeyReused,
  MethodNotAllowed,
  StorageFull,
  StorageUnavailable,
  TusVersion,
  UnsupportedEncoding,
  UploadChecksum,
  UploadEmpty,
  UploadExpired,
  UploadFinished,
  UploadLocked,
  UploadNotFound,
  UploadNotOctets,
  UploadOffset,
  UploadOverlong,
  UploadTooLarge
} from '#errors.ts'
import { Location, Replayed } from '#idempotency/schemas.ts'
import { answer } from '#schema/answers.ts'
import { Id, isUuid } from '#schema/common.ts'
import { formProblems, problems, readProblems } from '#schema/problems.ts'
import { appendBytes, type ResumableNeeds } from './append.ts'
import { createUpload } from './create.ts'
import { abilities, checksumIn, checkVersion, hasBytes, lengthIn, offsetIn, tusVersion } from './headers.ts'
import { expiry, headersOf, present } from './present.ts'
import { findUpload } from './queries.ts'
import type { Refused } from './refused.ts'
import { removeUpload } from './remove.ts'
import {
  Abilities,
  AppendHeaders,
  CreateHeaders,
  OverrideHeaders,
  Resumable,
  Until,
  UploadBody,
  VersionHeaders,
  Where,
  Whole
} from './schemas.ts'

const address = '/api/uploads'
const methods = 'GET, HEAD, PATCH, DELETE, OPTIONS'
const ofBytes = [UploadNotOctets, UnsupportedEncoding, StorageFull, StorageUnavailable]
const appending = [...ofBytes, UploadNotFound, UploadExpired, UploadOffset, UploadLocked, UploadOverlong]
const patchProblems = formProblems(TusVersion, UploadChecksum, UploadEmpty, UploadTooLarge, ...appending)
const removing = formProblems(TusVersion, UploadNotFound, UploadFinished)

/** Resumable uploads by the protocol tus 1.0 (https://tus.io). */
export const resumableRoutes: FastifyPluginAsyncTypebox<ResumableNeeds> = async (app, needs) => {
  const { maxUploadBytes } = needs
  const writing = new Set<Promise<unknown>>()
  // Bytes are streamed; their number is checked as they come.
  const bodyLimit = Math.max(maxUploadBytes * 2, 1024 * 1024)

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.addHook('onRequest', async (_request, reply) => void reply.header('tus-resumable', tusVersion))
  // A stop lets requests finish or cuts them; either way they leave their lease before the database is closed.
  app.addHook('onClose', async () => void (await Promise.allSettled(writing)))
  app.setErrorHandler<Refused>((error, _request, reply) => {
    reply.headers(error.headers ?? {})
    if (error instanceof TusVersion) reply.header('tus-version', tusVersion)
    throw error
  })

  for (const [url, operationId] of [
    [address, 'getUploadAbilities'],
    [`${address}/:id`, 'getAbilitiesOfUpload']
  ] as const) {
    const schema = {
      operationId,
      summary: 'What a tus client may use',
      ...(url !== address && { params: Id }),
      response: { 204: answer(Type.Null(), 'Versions, extensions and limits', Abilities), ...problems() }
    }
    app.options(url, { schema }, async (_request, reply) => {
      reply.code(204).headers(abilities(maxUploadBytes))
    })
  }

  app.post(
    address,
    {
      bodyLimit,
      onRequest: async ({ headers }) => {
        checkVersion(headers)
        hasBytes(headers)
      },
      schema: {
        operationId: 'createUpload',
        summary: 'Create a resumable upload',
        description: 'By tus 1.0. The body may be empty, or the first bytes as `application/offset+octet-stream`.',
        headers: CreateHeaders,
        response: {
          201: answer(UploadBody, 'The upload, to be continued', { Location, ...Where, ...Until, ...Replayed }),
          ...formProblems(
            ...[TusVersion, UploadChecksum, UploadEmpty, UploadTooLarge, UploadOverlong, UploadExpired],
            ...[...ofBytes, IdempotencyKeyReused]
          )
        }
      }
    },
    async (request, reply) => {
      const { upload, replayed } = await whileOpen(createUpload(needs, request))
      reply.code(201).headers({ ...headersOf(upload), location: `${address}/${upload.id}` })
      if (replayed) reply.header('idempotency-replayed', 'true')
      return present(upload)
    }
  )

  app.get(
    `${address}/:id`,
    {
      schema: {
        operationId: 'getUpload',
        summary: 'How far an upload is',
        description: 'HEAD answers the same headers, for clients of tus.',
        params: Id,
        response: { 200: answer(UploadBody, 'The upload', Whole), ...readProblems(UploadNotFound, UploadExpired) }
      }
    },
    read
  )

  app.patch(
    `${address}/:id`,
    {
      bodyLimit,
      onRequest: async ({ headers }) => {
        checkVersion(headers)
        hasBytes(headers, { always: true })
      },
      schema: {
        operationId: 'continueUpload',
        summary: 'Continue an upload',
        description: 'The body is `application/offset+octet-stream`. With the last byte the upload becomes a film.',
        params: Id,
        headers: AppendHeaders,
        response: { 204: answer(Type.Null(), 'The bytes are stored', { ...Where, ...Until }), ...patchProblems }
      }
    },
    append
  )

  app.delete(
    `${address}/:id`,
    {
      onRequest: async ({ headers }) => checkVersion(headers),
      schema: {
        operationId: 'deleteUpload',
        summary: 'Give up an upload',
        params: Id,
        headers: VersionHeaders,
        response: { 204: answer(Type.Null(), 'The upload is removed', Resumable), ...removing }
      }
    },
    remove
  )

  app.post(
    `${address}/:id`,
    {
      bodyLimit,
      onRequest: async ({ headers, method }) => {
        const meant = overridden(headers)
        if (meant === undefined) throw new MethodNotAllowed(method, methods)
        checkVersion(headers)
        if (meant === 'PATCH') hasBytes(headers, { always: true })
      },
      schema: {
        operationId: 'overrideUploadMethod',
        summary: 'The method of X-HTTP-Method-Override',
        description: 'PATCH, DELETE or HEAD, for clients and proxies that let only POST pass.',
        params: Id,
        headers: OverrideHeaders,
        response: {
          204: answer(Type.Null(), 'As of that method', Resumable),
          ...formProblems(
            ...[MethodNotAllowed, TusVersion, UploadChecksum, UploadEmpty, UploadTooLarge, UploadFinished],
            ...appending
          )
        }
      }
    },
    async (request, reply) => {
      const meant = overridden(request.headers)
      if (meant === 'PATCH') return append(request as IdRequest, reply)
      if (meant === 'DELETE') return remove(request as IdRequest, reply)
      reply.code(204).headers(headersOf(await mustFind(request.params.id)))
    }
  )

  type IdRequest = FastifyRequest<{ Params: { id: string } }>

  async function read({ params, headers, method }: IdRequest, reply: FastifyReply) {
    if (method === 'HEAD') checkVersion(headers)
    const upload = await mustFind(params.id)
    reply.headers(headersOf(upload))
    return present(upload)
  }

  async function append({ params, headers, raw, id: request_id }: IdRequest, reply: FastifyReply) {
    const id = mustBeId(params.id)
    const said = {
      offset: offsetIn(headers),
      length: lengthIn(headers, maxUploadBytes),
      checksum: checksumIn(headers),
      request_id
    }
    const { offset, expires_at } = await whileOpen(appendBytes(needs, id, said, raw))
    reply.code(204).header('upload-offset', String(offset))
    if (expires_at) reply.headers(expiry(expires_at))
  }

  async function remove({ params }: IdRequest, reply: FastifyReply) {
    await removeUpload(needs, mustBeId(params.id))
    reply.code(204)
  }

  async function mustFind(given: string) {
    const id = mustBeId(given)
    const upload = await findUpload(needs.db, id)
    if (!upload) throw new UploadNotFound(id)
    if (upload.is_expired) throw new UploadExpired(id)
    return upload
  }

  function whileOpen<T>(work: Promise<T>): Promise<T> {
    writing.add(work)
    return work.finally(() => writing.delete(work))
  }
}

function mustBeId(id: string) {
  if (!isUuid(id)) throw new UploadNotFound(id)
  return id
}

function overridden(headers: FastifyRequest['headers']) {
  const method = String(headers['x-http-method-override'] ?? '').toUpperCase()
  return ['PATCH', 'DELETE', 'HEAD'].includes(method) ? method : undefined
}
