import type { FastifyReply, FastifyRequest } from 'fastify'
import { maySee, type Principal } from '#access/principal.ts'
import { UploadExpired, UploadNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import { appendBytes, mostBytes, type ResumableNeeds } from './append.ts'
import { createUpload } from './create.ts'
import { checksumIn, checkVersion, lengthIn, offsetIn } from './headers.ts'
import { expiry, headersOf, present } from './present.ts'
import { findUpload } from './queries.ts'
import { removeUpload } from './remove.ts'

export const address = '/api/uploads'

type OfOne = FastifyRequest<{ Params: { id: string } }>

/** Answers to requests of tus. */
export function answering(needs: ResumableNeeds) {
  const { whileOpen, settled } = openWork()

  async function mustFind(given: string, principal: Principal) {
    const id = mustBeId(given)
    const upload = await findUpload(needs.db, id)
    if (!upload || !maySee(principal, upload.owner)) throw new UploadNotFound(id)
    if (upload.is_expired) throw new UploadExpired(id)
    return upload
  }

  return {
    async create(request: FastifyRequest, reply: FastifyReply) {
      const { upload, replayed } = await whileOpen(createUpload(needs, request))
      reply.code(201).headers({ ...headersOf(upload), location: `${address}/${upload.id}` })
      if (replayed) reply.header('idempotency-replayed', 'true')
      return present(upload)
    },

    async read({ params, headers, method, principal }: OfOne, reply: FastifyReply) {
      if (method === 'HEAD') checkVersion(headers)
      const upload = await mustFind(params.id, principal)
      reply.headers(headersOf(upload))
      return present(upload)
    },

    async readHeaders({ params, principal }: OfOne, reply: FastifyReply) {
      reply.code(204).headers(headersOf(await mustFind(params.id, principal)))
    },

    async append({ params, headers, raw, id: request_id, principal }: OfOne, reply: FastifyReply) {
      const id = mustBeId(params.id)
      const said = {
        offset: offsetIn(headers),
        length: lengthIn(headers, mostBytes(needs, principal)),
        checksum: checksumIn(headers),
        request_id,
        principal
      }
      if (principal.ownOnly) await mustFind(id, principal)
      const { offset, expires_at } = await whileOpen(
        appendBytes({ ...needs, maxUploadBytes: mostBytes(needs, principal) }, id, said, raw)
      )
      reply.code(204).header('upload-offset', String(offset))
      if (expires_at) reply.headers(expiry(expires_at))
    },

    async remove({ params, principal }: OfOne, reply: FastifyReply) {
      if (principal.ownOnly) await mustFind(params.id, principal)
      await removeUpload(needs, mustBeId(params.id))
      reply.code(204)
    },

    settled
  }
}

function mustBeId(id: string) {
  if (!isUuid(id)) throw new UploadNotFound(id)
  return id
}

/** A stop lets requests finish or cuts them; either way they leave their lease before the database is closed. */
function openWork() {
  const open = new Set<Promise<unknown>>()
  return {
    whileOpen<T>(work: Promise<T>): Promise<T> {
      open.add(work)
      return work.finally(() => open.delete(work))
    },
    settled: () => Promise.allSettled(open)
  }
}
