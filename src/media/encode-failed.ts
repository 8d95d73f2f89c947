/**
 * ffmpeg failed, and neither source nor disk is known to be at fault: out of memory, say, or a build that lacks
 * something.
 */
export class EncodeFailed extends Error {
  readonly code = 'encode_failed'
  readonly stderr: string

  constructor(message: string, stderr: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EncodeFailed'
    this.stderr = stderr
  }
}

/** Exit code of an ffmpeg that read its whole source and had more decode errors than its limit. */
export const tooManyErrors = 69
