import type { Uploaded } from './bodies.ts'
import type { DarkroomError } from './errors.ts'
import { pause } from './pause.ts'
import { longestPause, type Request } from './request.ts'
import { memoryOf } from './upload-memory.ts'
import type { UploadOptions } from './upload-options.ts'
import { uploadRequests } from './upload-requests.ts'

// Seconds before each try after a failure; after a byte that arrives they start at the first again.
const pauses = [0, 1, 3, 5, 10, 30]
// Bytes. Pieces take about a second: progress is told after each, and a broken connection costs one.
const [smallest, usual, largest] = [256 * 1024, 1024 * 1024, 8 * 1024 * 1024]

/**
 * Uploads by tus, in pieces, with the same requests in pages and programs. After a failure the server says where to go
 * on; so it does for a file that was chosen again after a reload.
 */
export async function upload(send: Request, base: URL, file: Blob, options: UploadOptions = {}): Promise<Uploaded> {
  const { signal, onProgress, idempotency_key: key } = options
  signal?.throwIfAborted()
  const memory = memoryOf(base, file)
  const tus = uploadRequests(send, file, options)
  let id = memory?.get()
  let offset: number | undefined
  let size = usual
  for (let failures = 0; ; ) {
    try {
      signal?.throwIfAborted()
      if (id === undefined) {
        const created = await tus.create()
        id = created.id
        offset = created.offset
        memory?.set(id)
      }
      if (offset === undefined) {
        offset = await tus.offsetOf(id)
        if (offset > 0) tell(offset)
      }
      if (offset >= file.size) {
        const film = await tus.filmOf(id)
        memory?.forget()
        onProgress?.({ loaded: file.size, total: file.size })
        return film
      }
      const began = performance.now()
      const piece = file.slice(offset, offset + size)
      await tus.append(id, offset, piece)
      offset += piece.size
      failures = 0
      size = sizeAfter(piece.size, performance.now() - began)
      tell(offset)
    } catch (error) {
      if (signal?.aborted) {
        // No later call could resume it.
        if (id && !memory && key === undefined) tus.remove(id).catch(() => {})
        throw signal.reason
      }
      offset = undefined
      if (isGone(error as DarkroomError) && memory?.get() === id && id) {
        memory?.forget()
        id = undefined
        continue
      }
      const { retryAfter = 0 } = error as Partial<DarkroomError>
      const wait = pauses[failures++]
      if (wait === undefined || retryAfter > longestPause || !mayPass(error as DarkroomError)) throw error
      size = smallest
      await pause(Math.max(wait, retryAfter), signal)
    }
  }

  /** The last byte is told of with the film. */
  function tell(loaded: number) {
    if (loaded < file.size) onProgress?.({ loaded, total: file.size })
  }
}

/** The size of a piece that takes a second, by one that took so many milliseconds. */
function sizeAfter(bytes: number, milliseconds: number) {
  return Math.round(Math.min(largest, Math.max(smallest, (bytes * 1000) / milliseconds)))
}

function isGone({ status }: DarkroomError) {
  return status === 404 || status === 410
}

/** Without an answer, 5xx, and what a look at the offset or a moment's wait mends. */
function mayPass({ code, status = 0 }: DarkroomError) {
  return code === 'NETWORK' || status >= 500 || [408, 423, 429, 460].includes(status) || code === 'UPLOAD_OFFSET'
}

/** `crypto.randomUUID` is missing in pages without HTTPS. */
export function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
