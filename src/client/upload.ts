import type { UploadBody, Uploaded } from './bodies.ts'
import type { DarkroomError } from './errors.ts'
import { pause } from './pause.ts'
import { longestPause, type Request } from './request.ts'

export interface UploadOptions {
  /** Name of a file that has none of its own. */
  filename?: string
  /** Called with the bytes of the file that have arrived. */
  onProgress?: (progress: { loaded: number; total: number }) => void
  /**
   * For a day the same file under the same key is stored once, and an upload that broke off goes on. Files of a page go
   * on without, also after a reload.
   */
  idempotency_key?: string
  signal?: AbortSignal
}

// Seconds before each try after a failure; after a byte that arrives they start at the first again.
const pauses = [0, 1, 3, 5, 10, 30]
// Seconds after which a piece that gets no answer is sent again.
const patience = 120
// Bytes. Pieces take about a second: progress is told after each, and a broken connection costs one.
const [smallest, usual, largest] = [256 * 1024, 1024 * 1024, 8 * 1024 * 1024]

const tus = { 'tus-resumable': '1.0.0' }
const octets = { 'content-type': 'application/offset+octet-stream' }

/**
 * Uploads by tus, in pieces, with the same requests in pages and programs. After a failure the server says where to go
 * on; so it does for a file that was chosen again after a reload.
 */
export async function upload(send: Request, base: URL, file: Blob, options: UploadOptions = {}): Promise<Uploaded> {
  const { signal, onProgress, idempotency_key: key } = options
  signal?.throwIfAborted()
  const memory = memoryOf(base, file)
  let id = memory?.get()
  let offset: number | undefined
  let size = usual
  for (let failures = 0; ; ) {
    try {
      signal?.throwIfAborted()
      if (id === undefined) ({ id, offset } = await create())
      offset ??= await find(id)
      if (offset >= file.size) return await finish(id)
      const began = performance.now()
      const piece = file.slice(offset, offset + size)
      await send('PATCH', pathOf(id), {
        headers: { ...tus, ...octets, 'upload-offset': String(offset) },
        body: piece,
        signal,
        timeout: patience
      })
      offset += piece.size
      failures = 0
      size = Math.round(Math.min(largest, Math.max(smallest, (piece.size * 1000) / (performance.now() - began))))
      if (offset < file.size) onProgress?.({ loaded: offset, total: file.size })
    } catch (error) {
      if (signal?.aborted) {
        // No later call could resume it.
        if (id && !memory && key === undefined) send('DELETE', pathOf(id), { headers: tus }).catch(() => {})
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

  async function create() {
    const name = options.filename ?? (file as Partial<File>).name ?? 'video'
    const type = file.type && `,filetype ${base64(file.type)}`
    const created = await send<UploadBody>('POST', 'api/uploads', {
      headers: {
        ...tus,
        'upload-length': String(file.size),
        'upload-metadata': `filename ${base64(name)}${type}`,
        ...(key !== undefined && { 'idempotency-key': key })
      },
      signal
    })
    memory?.set(created.id)
    return created
  }

  async function find(id: string) {
    const { offset } = await send<UploadBody>('GET', pathOf(id), { signal })
    if (offset > 0 && offset < file.size) onProgress?.({ loaded: offset, total: file.size })
    return offset
  }

  async function finish(id: string): Promise<Uploaded> {
    const { video_id, task_id, filename, sha256 } = await send<UploadBody>('GET', pathOf(id), { signal })
    memory?.forget()
    onProgress?.({ loaded: file.size, total: file.size })
    const message = 'File successfully uploaded. Background processing started.'
    return {
      id: video_id!,
      task_id: task_id!,
      message,
      filename,
      bytes: file.size,
      sha256: sha256!,
      status: 'uploaded'
    }
  }
}

function pathOf(id: string) {
  return `api/uploads/${encodeURIComponent(id)}`
}

function isGone({ status }: DarkroomError) {
  return status === 404 || status === 410
}

/** Without an answer, 5xx, and what a look at the offset or a moment's wait mends. */
function mayPass({ code, status = 0 }: DarkroomError) {
  return code === 'NETWORK' || status >= 500 || [408, 423, 429, 460].includes(status) || code === 'UPLOAD_OFFSET'
}

function base64(text: string) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text.slice(0, 1000))))
}

/** Which upload a file of a page is, in the page's storage: the same file has the same name, size and time. */
function memoryOf(base: URL, file: Blob) {
  const { name, lastModified } = file as Partial<File>
  try {
    // Only pages: Node has a storage of that name, too, and warns of it.
    const { document, localStorage: storage } = globalThis as { document?: unknown; localStorage?: Storage }
    if (!document || !storage || name === undefined) return undefined
    const key = ['darkroom-upload', base.href, name, file.size, lastModified].join(' ')
    return {
      get: () => storage.getItem(key) ?? undefined,
      set: (id: string) => attempt(() => storage.setItem(key, id)),
      forget: () => storage.removeItem(key)
    }
  } catch {
    // Pages without an origin, and browsers whose settings forbid it.
    return undefined
  }
}

/** A full storage costs the resumption after a reload, and nothing else. */
function attempt(store: () => void) {
  try {
    store()
  } catch {}
}

/** `crypto.randomUUID` is missing in pages without HTTPS. */
export function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
