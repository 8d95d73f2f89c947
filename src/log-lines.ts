import { writeSync } from 'node:fs'

// Bytes, and milliseconds: a line that comes alone is read soon, and a thousand a second do not each cost a write.
const together = 4_096
const longestWait = 100
// What nobody reads yet is kept so far; then new lines are left out, and counted.
const mostKept = 8 * 1024 * 1024
// At the end there is only so much time for whoever reads slowly, in milliseconds.
const farewell = 1_000
/** Nobody will ever read again: the pipe's other end is closed, or the terminal is gone. */
const deaf = new Set(['EPIPE', 'EIO', 'EBADF'])

/**
 * Where a log's lines go: a file descriptor, many lines at a time, in their order. Whoever reads slowly, or not at all,
 * holds nobody up: a worker that waits for its log to be read would be held to be dead.
 */
export function logLines(fd: number) {
  let lines = ''
  let rest = Buffer.alloc(0)
  let dropped = 0
  let gone = false
  let timer: NodeJS.Timeout | undefined

  /** False where there is something left that nobody takes now. */
  function flush(): boolean {
    clearTimeout(timer)
    timer = undefined
    if (dropped > 0 && rest.length === 0) {
      lines += `{"level":40,"time":"${new Date().toISOString()}","pid":${process.pid},"msg":"${dropped} lines were left out: nobody read the log"}\n`
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
      // One that is not read yet has its turn by the clock: trying again at each line would cost more than the line.
      if (lines.length >= together && rest.length === 0) flush()
      else later()
    },
    /** As pino calls it after a fatal line. */
    flushSync: flush,
    /** The process ends: whoever reads has a moment. */
    end() {
      const nobody = new Int32Array(new SharedArrayBuffer(4))
      const until = performance.now() + farewell
      while (!flush() && performance.now() < until) Atomics.wait(nobody, 0, 0, 10)
    }
  }
}
