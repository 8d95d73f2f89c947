/** Failures for the operator to repair: a full disk or quota, a failing disk, one that was remounted read-only. */
const diskErrors = {
  ENOSPC: 'No space left on device',
  EDQUOT: 'Disk quota exceeded',
  EIO: 'Input/output error',
  EROFS: 'Read-only file system'
}

export type DiskErrorCode = keyof typeof diskErrors

/** ffmpeg could not write its output. The film is not at fault; `code` is Node's code for the same failure. */
export class DiskFailed extends Error {
  readonly code: DiskErrorCode
  readonly stderr: string

  constructor(code: DiskErrorCode, stderr: string) {
    super(
      `ffmpeg could not write its output (${code}: ${diskErrors[code]}). Nothing of this attempt was kept; ` +
        'free space on the disk of DATA_DIR, or repair it.'
    )
    this.name = 'DiskFailed'
    this.code = code
    this.stderr = stderr
  }
}

/** True when the disk failed rather than the film: for ffmpeg's reports and for errors of Node's file functions. */
export function isDiskFailure(error: unknown): error is Error & { code: DiskErrorCode } {
  return error instanceof Error && 'code' in error && Object.hasOwn(diskErrors, String(error.code))
}

/**
 * The disk failure in a line of ffmpeg's stderr, if any. Demuxers and decoders also report EIO and ENOSPC for damaged
 * data, so only lines about output count.
 */
export function diskErrorIn(line: string): DiskErrorCode | undefined {
  const [code] = Object.entries(diskErrors).find(([, text]) => line.includes(text)) ?? []
  return code && aboutOutput.test(line) ? (code as DiskErrorCode) : undefined
}

// Of ffmpeg 4 to 8: names of muxers, and the messages around av_interleaved_write_frame, av_write_trailer and
// avio_close; an output that cannot be opened is named, and ours are `.part` files.
const aboutOutput =
  /\[(?:mp4|ipod|tee|hls|out#\d|mux)|writ(?:e|ing)|\bmux|trailer|\.part\.|Error (?:closing|opening) (?:file|output)|output file/i
