import type { Principal } from '#access/principal.ts'
import { originalOf } from '#videos/keys.ts'
import { findPrintsOf } from '#videos/queries.ts'
import { playbackIn } from '#videos/steer/change.ts'
import { acceptUpload, type UploadNeeds } from '#videos/upload/upload.ts'
import type { Lease } from './lease.ts'
import { readMetadata } from './metadata.ts'

interface Finished {
  id: string
  lease: Lease
  length: number
  /** Undefined where this process has not seen all bytes: then the file is read again. */
  sha256: string | undefined
  request_id: string
  principal: Principal
}

/**
 * Makes the film of a complete upload, as for a multipart upload; prints of the same bytes are taken instead of made. A
 * form asks for the work itself and always gets it. Where the rows cannot be written, or the process dies
 * in between, the file stays, the offset stays below the length, and the client's next bytes finish it.
 */
export async function finishUpload(needs: UploadNeeds, { id, lease, length, sha256, request_id, principal }: Finished) {
  const received = await needs.store.complete(originalOf(id), { bytes: length, sha256 })
  const prints_of = await findPrintsOf(needs.db, received)
  await acceptUpload(
    needs,
    { id, ...received, undo: async () => {} },
    {
      request_id,
      principal,
      filename: lease.taken.filename,
      playback: playbackIn(readMetadata(lease.taken.metadata).get('playback')),
      keyOf: () => undefined,
      ...(prints_of && { args: { prints_of } }),
      say: () => ({ status: 204, body: null }),
      also: trx => lease.finish(trx, length)
    }
  )
}
