/** What is wrong with an upload. Stable: clients store these codes, front ends translate them. */
export type RejectedCode =
  | 'not_a_file'
  | 'empty'
  | 'not_media'
  | 'no_streams'
  | 'encrypted'
  | 'unsupported_codec'
  | 'unreadable'
  | 'too_damaged'
  | 'too_many_pixels'
  | 'too_long'
  | 'too_many_frames'
  | 'too_sparse'

/** The upload itself is at fault: the same file fails the same way every time, so a retry is pointless. */
export class MediaRejected extends Error {
  readonly code: RejectedCode

  constructor(code: RejectedCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'MediaRejected'
    this.code = code
  }
}
