import { isatty } from 'node:tty'
import pino, { type Logger } from 'pino'
import { logLines } from './lines.ts'

/** JSON lines; at a terminal one readable line each. On stdout, or on stderr where stdout has a command's output. */
export async function openLogger(level: string, fd: 1 | 2 = 1): Promise<Logger> {
  const options = { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }
  if (isatty(fd)) {
    const { default: pretty } = await import('pino-pretty')
    return pino(
      options,
      pretty({ sync: true, destination: fd, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l', singleLine: true })
    )
  }
  const lines = logLines(fd)
  process.once('exit', lines.end)
  return pino(options, lines)
}
