import { stat } from 'node:fs/promises'
import { execa } from 'execa'
import { sayProgram } from '#telemetry/programs.ts'
import { type Cell, expectLocked, underLock } from '../lock/lock.ts'
import { keepTail, spawnOptions } from '../run.ts'

/** ffmpeg made no progress until the stall limit. A retry may succeed. */
export class Stalled extends Error {
  readonly code = 'stalled'

  constructor(seconds: number) {
    super(
      `ffmpeg made no progress for ${seconds} seconds and was killed: the machine may be overloaded, or its disk may hang.`
    )
    this.name = 'Stalled'
  }
}

export interface Encoded {
  exitCode: number | undefined
  signal: string | undefined
  /** Killed because it wrote more frames than the source can hold. */
  overran: boolean
  stderr: string
}

interface EncodeOptions {
  ffmpeg: string
  /** What ffmpeg sees under the lock, and how much it may write. */
  cell: Cell
  signal?: AbortSignal | undefined
  /** Seconds without progress after which ffmpeg is killed. */
  stallLimit: number
  /** Frames of one print after which ffmpeg is killed: no valid source holds more. */
  mostFrames: number
  /** The unfinished files: at the end they grow without progress reports, as ffmpeg moves the index to the front. */
  files: string[]
  /** A line of `-progress`. */
  onProgressLine(line: string): void
  /** A line of stderr. There may be millions, so only the last ones are kept. */
  onStderrLine(line: string): void
}

/** Runs one encode to its end. An exit code is a result, not an error. */
export async function encode(
  args: string[],
  { ffmpeg, cell, signal, stallLimit, mostFrames, files, onProgressLine, onStderrLine }: EncodeOptions
): Promise<Encoded> {
  signal?.throwIfAborted()
  const command = underLock(ffmpeg, args, cell)
  const subprocess = execa(command.file, command.args, {
    ...spawnOptions,
    env: command.env,
    buffer: false,
    ...(signal && { cancelSignal: signal })
  })
  sayProgram(ffmpeg, subprocess)
  const stderr = keepTail(subprocess.stderr, onStderrLine)

  let stalled = false
  let overran = false
  let listener: { error: unknown } | undefined
  const watch = setTimeout(async () => {
    if (await grewWithin(files, stallLimit)) return watch.refresh()
    stalled = true
    subprocess.kill()
  }, stallLimit * 1000)

  try {
    let moved = ''
    for await (const line of subprocess.iterable()) {
      if (/^(frame|out_time_us)=/.test(line) && line !== moved) {
        moved = line
        watch.refresh()
      }
      if (line.startsWith('frame=') && Number(line.slice(6)) > mostFrames) {
        overran = true
        subprocess.kill()
      }
      try {
        onProgressLine(line)
      } catch (error) {
        // An exception out of this loop would first wait for the end of the encode.
        listener ??= { error }
        subprocess.kill()
      }
    }
    const result = await subprocess
    signal?.throwIfAborted()
    if (listener) throw listener.error
    if (stalled) throw new Stalled(stallLimit)
    if (result.exitCode === undefined && result.signal === undefined) {
      throw new Error(`Cannot start ${ffmpeg}: ${result.originalMessage ?? result.shortMessage}`, {
        cause: result.cause
      })
    }
    expectLocked({ exitCode: result.exitCode, stderr: stderr() })
    return { exitCode: result.exitCode, signal: result.signal, overran, stderr: stderr() }
  } finally {
    clearTimeout(watch)
  }
}

async function grewWithin(files: string[], seconds: number) {
  const times = await Promise.all(
    files.map(file =>
      stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0
      )
    )
  )
  return Math.max(...times) > Date.now() - seconds * 1000
}
