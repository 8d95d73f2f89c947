/** What an operator has to mend: a full disk or quota, a disk that fails, one that was remounted read-only after failing. */
const diskErrors = {
  ENOSPC: 'No space left on device',
  EDQUOT: 'Disk quota exceeded',
  EIO: 'Input/output error',
  EROFS: 'Read-only file system'
}

export type DiskErrorCode = keyof typeof diskErrors

/** ffmpeg could not write its output. The film is not at fault; the code is the one that Node uses for the same failure. */
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

/** Whether the disk failed, not the film: for what ffmpeg reports and for what Node's own file functions throw. */
export function isDiskFailure(error: unknown): error is Error & { code: DiskErrorCode } {
  return error instanceof Error && 'code' in error && Object.hasOwn(diskErrors, String(error.code))
}

/**
 * The failure that a line of ffmpeg's stderr reports, if any. Demuxers and decoders answer EIO and ENOSPC to damaged data,
 * too, so only lines about output count.
 */
export function diskErrorIn(line: string): DiskErrorCode | undefined {
  const [code] = Object.entries(diskErrors).find(([, text]) => line.includes(text)) ?? []
  return code && aboutOutput.test(line) ? (code as DiskErrorCode) : undefined
}

// Of ffmpeg 4 to 8: muxers' contexts, and the sentences around av_interleaved_write_frame, av_write_trailer and
// avio_close; an output that cannot be opened is named, and ours are `.part` files.
const aboutOutput =
  /\[(?:mp4|ipod|tee|out#\d|mux)|writ(?:e|ing)|\bmux|trailer|\.part\.|Error (?:closing|opening) (?:file|output)|output file/i
