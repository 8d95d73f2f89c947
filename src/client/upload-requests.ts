import type { UploadBody, Uploaded } from './bodies.ts'
import type { Request } from './request.ts'
import type { UploadOptions } from './upload-options.ts'

// Seconds after which a piece that gets no answer is sent again.
const patience = 120
const tus = { 'tus-resumable': '1.0.0' }
const octets = { 'content-type': 'application/offset+octet-stream' }

/** The requests of tus. */
export function uploadRequests(send: Request, file: Blob, options: UploadOptions) {
  const { filename, playback, idempotency_key: key, signal } = options
  return {
    create() {
      const name = filename ?? (file as Partial<File>).name ?? 'video'
      const type = file.type && `,filetype ${base64(file.type)}`
      const forWhom = playback ? `,playback ${base64(playback)}` : ''
      return send<UploadBody>('POST', 'api/uploads', {
        headers: {
          ...tus,
          'upload-length': String(file.size),
          'upload-metadata': `filename ${base64(name)}${type}${forWhom}`,
          ...(key !== undefined && { 'idempotency-key': key })
        },
        signal
      })
    },

    async offsetOf(id: string) {
      return (await send<UploadBody>('GET', pathOf(id), { signal })).offset
    },

    append(id: string, offset: number, piece: Blob) {
      return send('PATCH', pathOf(id), {
        headers: { ...tus, ...octets, 'upload-offset': String(offset) },
        body: piece,
        signal,
        timeout: patience
      })
    },

    /** What the form's route answers. */
    async filmOf(id: string): Promise<Uploaded> {
      const { video_id, task_id, filename, sha256 } = await send<UploadBody>('GET', pathOf(id), { signal })
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
    },

    remove: (id: string) => send('DELETE', pathOf(id), { headers: tus })
  }
}

function pathOf(id: string) {
  return `api/uploads/${encodeURIComponent(id)}`
}

function base64(text: string) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text.slice(0, 1000))))
}
