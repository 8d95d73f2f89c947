import { execa } from 'execa'

export interface Ran {
  exitCode: number | undefined
  signal: string | undefined
  timedOut: boolean
  overflowed: boolean
  stdout: string
  stderr: string
}

interface RunOptions {
  signal?: AbortSignal | undefined
  /** Seconds. */
  timeout: number
  /** Bytes of stdout after which the program is killed. */
  maxOutput?: number
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

export const spawnEnvironment = () => ({ PATH: process.env.PATH ?? '' })

/** Runs a short-lived program to its end and returns its result; only an abort or a missing program throws. */
export async function run(program: string, args: string[], { signal, timeout, maxOutput }: RunOptions): Promise<Ran> {
  signal?.throwIfAborted()
  const subprocess = execa(program, args, {
    ...spawnOptions,
    env: spawnEnvironment(),
    buffer: { stderr: false },
    maxBuffer: { stdout: maxOutput ?? 2_000_000 },
    timeout: timeout * 1000,
    ...(signal && { cancelSignal: signal })
  })
  const stderr = keepTail(subprocess.stderr)
  const result = await subprocess

  signal?.throwIfAborted()
  if (result.exitCode === undefined && result.signal === undefined) {
    throw new Error(`Cannot start ${program}: ${result.originalMessage ?? result.shortMessage}`, {
      cause: result.cause
    })
  }
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
