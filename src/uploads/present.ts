import { metadataOf } from './metadata.ts'
import type { UploadRow } from './queries.ts'
import type { UploadBody } from './schemas.ts'

export function present(upload: UploadRow): UploadBody {
  return {
    id: upload.id,
    filename: upload.filename,
    offset: upload.received,
    length: upload.length,
    video_id: upload.video_id,
    task_id: upload.task_id,
    sha256: upload.sha256,
    created_at: upload.created_at.toISOString(),
    expires_at: upload.expires_at.toISOString()
  }
}

/** The same as headers, which is all that clients of the protocol read. */
export function headersOf(upload: UploadRow) {
  const metadata = metadataOf(upload.metadata, upload)
  return {
    'upload-offset': String(upload.received),
    ...(upload.length === null ? { 'upload-defer-length': '1' } : { 'upload-length': String(upload.length) }),
    ...(metadata !== '' && { 'upload-metadata': metadata }),
    ...(upload.video_id === null && expiry(upload.expires_at)),
    'cache-control': 'no-store'
  }
}

export function expiry(at: Date) {
  return { 'upload-expires': at.toUTCString() }
}
