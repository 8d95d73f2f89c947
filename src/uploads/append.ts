import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import type { Principal } from '#access/principal.ts'
import { UploadChecksum, UploadExpired, UploadNoFilm, UploadNotFound, UploadOverlong, UploadTooLarge } from '#errors.ts'
import { refuse } from '#schema/check.ts'
import { type Appended, ChecksumWrong, NotStored } from '#storage/store.ts'
import { writeLate } from '#storage/writer.ts'
import { originalOf } from '#videos/keys.ts'
import { outageOf, type UploadNeeds } from '#videos/upload/upload.ts'
import { finishUpload } from './finish.ts'
import { noFilm } from './first-bytes.ts'
import { type Lease, takeLease } from './lease.ts'
import { findUpload } from './queries.ts'
import { elsewhere, locked } from './refused.ts'
import { removeBytes, removeUpload } from './remove.ts'

export interface ResumableNeeds extends UploadNeeds {
  uploadExpires: number
}

interface Append {
  offset: number
  /** Said with this request. */
  length: number | undefined
  checksum: { algorithm: string; digest: string } | undefined
  request_id: string
  principal: Principal
}

export interface Progress {
  offset: number
  /** Undefined once the upload is a film. */
  expires_at?: Date
}

/**
 * Writes the body of a request behind the bytes that are there. What has arrived of a body that breaks off is kept,
 * unless it has a checksum, which needs all of it.
 */
export async function appendBytes(
  needs: ResumableNeeds,
  id: string,
  append: Append,
  raw: IncomingMessage
): Promise<Progress> {
  // At once: a connection that breaks while the lease is taken must not be waited for.
  const body = bodyOf(raw)
  const lease = await takeLease(needs, id, append.offset)
  if (!lease) return explain(needs, id, append.offset, bytesSaid(raw))
  try {
    const length = lengthOf(lease, append)
    const limit = limitOf(needs, length, append.offset)
    if (bytesSaid(raw) > limit.room) throw limit.beyond()
    const appended = await write(needs, { id, lease, append, length, body, limit })
    needs.onReceived(appended.offset - append.offset)
    const isComplete = appended.offset === length && !(appended.error instanceof UploadOverlong)
    if (isComplete) {
      lease.isAlive = () => true
      await finishUpload(needs, { id, lease, length, sha256: appended.sha256, ...by(append) })
      return { offset: length }
    }
    if (appended.error instanceof UploadOverlong || appended.error instanceof UploadNoFilm) throw appended.error
    const expires_at = await lease.leave(appended.offset, append.length)
    if (appended.error) throw appended.error
    return { offset: appended.offset, expires_at }
  } catch (error) {
    throw await translate(needs, { id, lease, error, offset: append.offset })
  } finally {
    await lease.end()
  }
}

/** A key may have a smaller limit of its own. */
export function mostBytes({ maxUploadBytes }: ResumableNeeds, { limits }: Principal) {
  return Math.min(limits?.max_upload_bytes ?? maxUploadBytes, maxUploadBytes)
}

function by({ request_id, principal }: Append) {
  return { request_id, principal }
}

function bytesSaid({ headers }: IncomingMessage) {
  return Number(headers['content-length'] ?? 0)
}

/** The length does not change once it is said, and is not less than what is there. */
function lengthOf({ taken }: Lease, { length, offset }: Append) {
  if (length === undefined) return taken.length ?? undefined
  if (taken.length !== null && taken.length !== length) {
    throw refuse([{ field: 'Upload-Length', message: `must be ${taken.length}, as it was said before` }])
  }
  if (length < offset) throw refuse([{ field: 'Upload-Length', message: `must be >= ${offset}, which are there` }])
  return length
}

interface Limit {
  /** Bytes that the request may bring. */
  room: number
  beyond(): Error
}

function limitOf({ maxUploadBytes }: ResumableNeeds, length: number | undefined, offset: number): Limit {
  if (length === undefined) {
    return { room: maxUploadBytes - offset, beyond: () => new UploadTooLarge(maxUploadBytes) }
  }
  return { room: length - offset, beyond: () => new UploadOverlong(String(length - offset)) }
}

interface Write {
  id: string
  lease: Lease
  append: Append
  length: number | undefined
  body: Readable
  limit: Limit
}

function write({ store }: ResumableNeeds, { id, lease, append, length, body, limit }: Write): Promise<Appended> {
  const { offset, checksum } = append
  let [arrived, written, seen, hasEnded] = [0, 0, -1, false]
  // Bytes that wait for our disk are not the client's silence.
  lease.isAlive = () => {
    const moves = hasEnded || arrived > written || written !== seen
    seen = written
    return moves
  }

  async function* chunks() {
    for await (const chunk of body) {
      arrived += chunk.length
      if (arrived > limit.room) throw limit.beyond()
      const other = offset + arrived === chunk.length ? noFilm(chunk) : undefined
      if (other) throw new UploadNoFilm(other)
      await lease.hold()
      yield chunk
    }
    hasEnded = true
  }

  return store.append(originalOf(id), chunks(), {
    offset,
    name: lease.name,
    follows: lease.taken.written_by ?? undefined,
    checksum,
    deadline: lease.deadline,
    onWritten(bytes) {
      written = bytes
    },
    // The last bytes count with the film.
    checkpoint: async to => (to === length ? undefined : lease.advance(to))
  })
}

/** The request itself is not destroyed where the writing fails: its connection is needed for the answer. */
function bodyOf(raw: IncomingMessage) {
  const body = new PassThrough()
  // The next reader of it gets the error.
  body.on('error', () => {})
  raw.once('error', error => body.destroy(error))
  if (raw.destroyed && !raw.complete) body.destroy(raw.errored ?? new Error('The request broke off'))
  return raw.pipe(body)
}

/** Why a lease was not to be had. A request without bytes at the end of a finished upload is no error. */
async function explain({ db }: ResumableNeeds, id: string, offset: number, bytes: number): Promise<Progress> {
  const upload = await findUpload(db, id)
  if (!upload) throw new UploadNotFound(id)
  if (upload.is_expired) throw new UploadExpired(id)
  if (upload.is_locked) throw locked(upload.locked_for)
  if (upload.received !== offset) throw elsewhere(upload.received, offset)
  // Free again by now.
  if (upload.video_id === null) throw locked()
  if (bytes > 0) throw new UploadOverlong('0')
  return { offset }
}

interface Failure {
  id: string
  lease: Lease
  error: unknown
  offset: number
}

async function translate(needs: ResumableNeeds, { id, lease, error, offset }: Failure) {
  const { db, store } = needs
  if (error instanceof ChecksumWrong) return new UploadChecksum()
  if (error instanceof UploadNoFilm) {
    // Its client may be unable to.
    await removeUpload(needs, id).catch(() => {})
    return error
  }
  const { code } = error as { code?: string }
  const isLost = code === writeLate || code === 'UPLOAD_LOCKED'
  if (!isLost && !(error instanceof NotStored)) return outageOf(store, error)
  if (!(await findUpload(db, id))) {
    // It was given up meanwhile, perhaps before its file was made.
    await removeBytes(store, id)
    return new UploadNotFound(id)
  }
  if (isLost) return locked()
  await lease.restart()
  return elsewhere(0, offset)
}
