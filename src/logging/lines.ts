import { writeSync } from 'node:fs'

// Bytes and milliseconds: a single line is written soon, and a thousand a second do not cost a write each.
const together = 4_096
const longestWait = 100
// Bytes of unread lines that are kept; beyond that new lines are dropped and counted.
const mostKept = 8 * 1024 * 1024
// Milliseconds for a slow reader at the exit of the process.
const farewell = 1_000
/** The pipe's other end is closed, or the terminal is gone. */
const deaf = new Set(['EPIPE', 'EIO', 'EBADF'])

/**
 * Writes a log to a file descriptor, many lines at a time, in their order. A slow reader never blocks the process: a
 * worker that waited for its log to be read would miss its heartbeats and be declared lost.
 */
export function logLines(fd: number) {
  let lines = ''
  let rest = Buffer.alloc(0)
  let dropped = 0
  let gone = false
  let timer: NodeJS.Timeout | undefined

  /** False if the reader has not read everything yet. */
  function flush(): boolean {
    clearTimeout(timer)
    timer = undefined
    if (dropped > 0 && rest.length === 0) {
      lines += `{"level":40,"time":"${new Date().toISOString()}","pid":${process.pid},"msg":"${dropped} lines were dropped: the log was not read"}\n`
      dropped = 0
    }
    if (lines !== '') rest = Buffer.concat([rest, Buffer.from(lines)])
    lines = ''
    try {
      while (rest.length > 0 && !gone) rest = rest.subarray(writeSync(fd, rest))
    } catch (error) {
      gone = deaf.has((error as NodeJS.ErrnoException).code ?? '')
    }
    if (gone) rest = Buffer.alloc(0)
    if (rest.length > 0) later()
    return rest.length === 0
  }

  function later() {
    timer ??= setTimeout(flush, longestWait).unref()
  }

  return {
    write(line: string) {
      if (gone) return
      if (rest.length + lines.length > mostKept) {
        dropped++
        return
      }
      lines += line
      // Unread lines wait for the timer: a write attempt at each line would cost more than the line.
      if (lines.length >= together && rest.length === 0) flush()
      else later()
    },
    /** pino calls it after a fatal line. */
    flushSync: flush,
    /** Gives a slow reader a moment at the exit of the process. */
    end() {
      const never = new Int32Array(new SharedArrayBuffer(4))
      const until = performance.now() + farewell
      while (!flush() && performance.now() < until) Atomics.wait(never, 0, 0, 10)
    }
  }
}
