/** What is wrong with an upload. Stable: clients store these codes, front ends translate them. */
export type RejectedCode =
  | 'not_a_file'
  | 'empty'
  | 'not_a_video'
  | 'truncated'
  | 'no_streams'
  | 'encrypted'
  | 'unsupported_codec'
  | 'unreadable'
  | 'too_damaged'
  | 'too_many_pixels'
  | 'too_many_streams'
  | 'too_long'
  | 'too_many_frames'
  | 'too_many_bytes'
  | 'too_sparse'

interface Because extends ErrorOptions {
  /** What was measured, and the limit, as numbers and names for the log. */
  evidence?: Record<string, number | string | null>
}

/** The upload itself is at fault: the same file fails the same way every time, so a retry is pointless. */
export class MediaRejected extends Error {
  readonly code: RejectedCode
  readonly evidence: Record<string, number | string | null>

  constructor(code: RejectedCode, message: string, { evidence = {}, ...options }: Because = {}) {
    super(message, options)
    this.name = 'MediaRejected'
    this.code = code
    this.evidence = evidence
  }
}
