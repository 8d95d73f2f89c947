export interface UploadOptions {
  /** Name of a file that has none of its own. */
  filename?: string
  /** For whom it is: all, or those with a key or a signed link. Not given: as the server's setting says. */
  playback?: 'public' | 'signed' | undefined
  /** Called with the bytes of the file that have arrived. */
  onProgress?: (progress: { loaded: number; total: number }) => void
  /**
   * For a day the same file under the same key is stored once, and an upload that broke off goes on. Files of a page go
   * on without, also after a reload.
   */
  idempotency_key?: string
  signal?: AbortSignal
}
