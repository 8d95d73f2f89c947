import type { FastifyRequest } from 'fastify'
import { v7 as uuid } from 'uuid'
import { refuseBeyond } from '#access/limits.ts'
import { UploadExpired } from '#errors.ts'
import { keyOf, once } from '#idempotency/once.ts'
import { playbackIn } from '#videos/steer/change.ts'
import { cleanName } from '#videos/upload/upload.ts'
import { appendBytes, mostBytes, type ResumableNeeds } from './append.ts'
import { checksumIn, hasBytes, lengthAtCreation } from './headers.ts'
import { readMetadata } from './metadata.ts'
import { findUpload, insertUpload, type UploadRow } from './queries.ts'
import { removeUpload } from './remove.ts'

interface Created {
  upload: UploadRow
  replayed: boolean
}

/** Creates an upload, with the first bytes where the request brings some. */
export async function createUpload(needs: ResumableNeeds, request: FastifyRequest) {
  const { headers, raw, id: request_id, principal } = request
  const maxUploadBytes = mostBytes(needs, principal)
  const metadata = String(headers['upload-metadata'] ?? '').trim()
  const known = readMetadata(metadata)
  // Refused now, and read when the film is there.
  playbackIn(known.get('playback'))
  const length = lengthAtCreation(headers, maxUploadBytes)
  const checksum = checksumIn(headers)
  const filename = cleanName(known.get('filename') ?? known.get('name') ?? '')
  refuseBeyond(principal.limits, { task: needs.processVideo.name, queue: needs.processVideo.queue })
  const key = keyOf(request, 'POST /api/uploads', { length, metadata })

  const { answer, replayed } = await once(needs.db, key, async trx => {
    const id = uuid()
    await insertUpload(trx, { id, filename, metadata, length, request_id, owner: principal.owner }, needs.uploadExpires)
    return { status: 201, body: id }
  })
  const id = answer.body as string
  // A repeated request brings the same bytes again: the client goes on from the offset of the answer.
  if (hasBytes(headers) && !replayed) {
    await appendBytes(
      { ...needs, maxUploadBytes },
      id,
      { offset: 0, length: undefined, checksum, request_id, principal },
      raw
    ).catch(async error => {
      // The client does not know its address.
      await removeUpload(needs, id).catch(() => {})
      throw error
    })
  }
  const upload = await findUpload(needs.db, id)
  if (!upload || upload.is_expired) throw new UploadExpired(id)
  return { upload, replayed } satisfies Created
}
