import type { Uploaded } from './bodies.ts'
import { DarkroomError, errorOf } from './errors.ts'

export interface UploadOptions {
  /** Name of a file that has none of its own. */
  filename?: string
  /** Called with the bytes of the file that have been sent. */
  onProgress?: (progress: { loaded: number; total: number }) => void
  /** For a day the same file under the same key is stored once: for repeating an upload that broke off. */
  idempotency_key?: string
  signal?: AbortSignal
}

interface UploadRequest {
  url: URL
  fetch?: typeof globalThis.fetch
  headers?: Record<string, string>
}

const field = 'video'
// A file in memory comes as one chunk; progress needs smaller ones.
const step = 64 * 1024

/** In browsers only XMLHttpRequest reports the progress of an upload; elsewhere the bytes are counted as they are sent. */
export async function upload(needs: UploadRequest, file: Blob, options: UploadOptions = {}): Promise<Uploaded> {
  options.signal?.throwIfAborted()
  const name = options.filename ?? (file as Partial<File>).name ?? 'video'
  const Xhr = (globalThis as { XMLHttpRequest?: new () => Xhr }).XMLHttpRequest
  const key = options.idempotency_key
  const keyed = { ...needs, headers: { ...needs.headers, ...(key !== undefined && { 'idempotency-key': key }) } }
  const { status, text } = await (Xhr && !needs.fetch
    ? sendForm(new Xhr(), keyed, file, name, options)
    : sendStream(keyed, file, name, options))
  if (status >= 400) throw errorOf(status, text)
  return JSON.parse(text)
}

interface Sent {
  status: number
  text: string
}

// The part of XMLHttpRequest that is used here: the types of Node do not have it.
interface Xhr {
  upload: { onprogress?: (event: { loaded: number; total: number }) => void }
  onload: () => void
  onerror: () => void
  onabort: () => void
  status: number
  responseText: string
  open(method: string, url: string): void
  setRequestHeader(name: string, value: string): void
  send(body: FormData): void
  abort(): void
}

function sendForm(xhr: Xhr, needs: UploadRequest, file: Blob, name: string, { onProgress, signal }: UploadOptions) {
  const form = new FormData()
  form.append(field, file, name)
  const stop = () => xhr.abort()
  return new Promise<Sent>((resolve, reject) => {
    if (onProgress) {
      // Counts the file alone, without the form around it.
      xhr.upload.onprogress = ({ loaded, total }) =>
        onProgress({ loaded: Math.max(0, loaded - (total - file.size)), total: file.size })
    }
    xhr.onload = () => resolve({ status: xhr.status, text: xhr.responseText })
    xhr.onerror = () => reject(broken(needs.url))
    xhr.onabort = () => reject(signal?.reason)
    xhr.open('POST', needs.url.href)
    for (const [header, value] of Object.entries(needs.headers ?? {})) xhr.setRequestHeader(header, value)
    signal?.addEventListener('abort', stop)
    xhr.send(form)
  }).finally(() => signal?.removeEventListener('abort', stop))
}

async function sendStream(needs: UploadRequest, file: Blob, name: string, { onProgress, signal }: UploadOptions) {
  const { url, fetch = globalThis.fetch, headers } = needs
  const boundary = `----darkroom${randomName()}`
  async function* form() {
    const text = new TextEncoder()
    const filename = name.replaceAll(/["\r\n]/g, encodeURIComponent)
    const type = file.type || 'application/octet-stream'
    yield text.encode(
      `--${boundary}\r\ncontent-disposition: form-data; name="${field}"; filename="${filename}"\r\ncontent-type: ${type}\r\n\r\n`
    )
    let loaded = 0
    for await (const chunk of file.stream() as unknown as AsyncIterable<Uint8Array>) {
      for (let start = 0; start < chunk.length; start += step) {
        const piece = chunk.subarray(start, start + step)
        yield piece
        loaded += piece.length
        onProgress?.({ loaded, total: file.size })
      }
    }
    yield text.encode(`\r\n--${boundary}--\r\n`)
  }

  try {
    const init = {
      method: 'POST',
      headers: { ...headers, 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: streamOf(form()),
      duplex: 'half',
      ...(signal && { signal })
    }
    const response = await fetch(url, init as RequestInit)
    return { status: response.status, text: await response.text() }
  } catch (error) {
    signal?.throwIfAborted()
    throw broken(url, error)
  }
}

/** Reads on demand: a file is read no faster than it is sent. */
function streamOf(chunks: AsyncGenerator<Uint8Array, void, undefined>) {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await chunks.return()
    }
  })
}

function broken({ origin }: URL, cause?: unknown) {
  return new DarkroomError(`The upload to ${origin} broke off`, { code: 'NETWORK', cause })
}

/** `crypto.randomUUID` is missing in pages without HTTPS. */
export function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
