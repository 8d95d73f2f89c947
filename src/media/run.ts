import { execa } from 'execa'
import { sayProgram } from '#telemetry/programs.ts'
import { type Cell, expectLocked, underLock } from './lock/lock.ts'

export interface Ran {
  exitCode: number | undefined
  signal: string | undefined
  timedOut: boolean
  overflowed: boolean
  stdout: string
  stderr: string
}

interface RunOptions extends Pick<Cell, 'reads' | 'writes'> {
  signal?: AbortSignal | undefined
  /** Seconds. */
  timeout: number
  /** Bytes of stdout after which the program is killed. */
  maxOutput?: number
  /** Called with each line of stderr, of which only the end is kept. */
  onStderrLine?(line: string): void
}

/** Enough for every message that explains a failure; a damaged file can cause gigabytes of them. */
const stderrKept = 64 * 1024

/** Characters of an unfinished line: a file's own metadata can be a line of any length. */
const longestLine = 4096

/** Spawn options of every media program: SIGKILL at once, our process group, none of our environment. */
export const spawnOptions = {
  stdin: 'ignore',
  reject: false,
  // Secrets are in the environment, and the program reads untrusted files.
  extendEnv: false,
  // On SIGTERM ffmpeg finishes its files first, so a cancelled print would look complete.
  killSignal: 'SIGKILL'
} as const

/**
 * Runs a short-lived program to its end and returns its result; only an abort, a missing program or a broken lock
 * throws. Under the lock it sees `reads` and `writes`, and nothing else of the film's neighbourhood.
 */
export async function run(
  program: string,
  args: string[],
  { signal, timeout, maxOutput, onStderrLine, reads = [], writes = [] }: RunOptions
): Promise<Ran> {
  signal?.throwIfAborted()
  const fileSize = writes.length === 0 ? { fileSize: 0 } : {}
  const command = underLock(program, args, { reads, writes, seconds: timeout, ...fileSize })
  const subprocess = execa(command.file, command.args, {
    ...spawnOptions,
    env: command.env,
    buffer: { stderr: false },
    maxBuffer: { stdout: maxOutput ?? 2_000_000 },
    timeout: timeout * 1000,
    ...(signal && { cancelSignal: signal })
  })
  sayProgram(program, subprocess)
  const stderr = keepTail(subprocess.stderr, onStderrLine)
  const result = await subprocess

  signal?.throwIfAborted()
  if (result.exitCode === undefined && result.signal === undefined) {
    throw new Error(`Cannot start ${program}: ${result.originalMessage ?? result.shortMessage}`, {
      cause: result.cause
    })
  }
  expectLocked({ exitCode: result.exitCode, stderr: stderr() })
  return {
    exitCode: result.exitCode,
    signal: result.signal,
    timedOut: result.timedOut,
    overflowed: result.isMaxBuffer,
    stdout: result.stdout ?? '',
    stderr: stderr()
  }
}

/** Keeps the end of a stream in bounded memory. Each line is passed to `onLine`. */
export function keepTail(stream: NodeJS.ReadableStream, onLine?: (line: string) => void) {
  let tail = ''
  let open = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    tail = (tail + chunk).slice(-stderrKept)
    if (!onLine) return
    const lines = (open + chunk).split('\n')
    open = lines.pop()!.slice(0, longestLine)
    for (const line of lines) onLine(line)
  })
  return () => tail
}
