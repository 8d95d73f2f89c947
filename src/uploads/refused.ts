import { UploadLocked, UploadOffset } from '#errors.ts'

/** An error with headers that tell the client how to go on. */
export type Refused = Error & { headers?: Record<string, string> }

// Seconds, where nothing is known about the other request.
const usualWait = 2

export function locked(seconds = usualWait): Refused {
  return Object.assign(new UploadLocked(), { headers: { 'retry-after': String(Math.max(1, Math.ceil(seconds))) } })
}

export function elsewhere(offset: number, said: number): Refused {
  return Object.assign(new UploadOffset(String(offset), String(said)), { headers: { 'upload-offset': String(offset) } })
}
