import pino, { type Logger } from 'pino'
import { logLines } from './log-lines.ts'

/** JSON lines for machines; for a person at a terminal the same in one readable line each. */
export async function openLogger(level: string): Promise<Logger> {
  const options = { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }
  if (process.stdout.isTTY) {
    const { default: pretty } = await import('pino-pretty')
    return pino(options, pretty({ sync: true, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' }))
  }
  const stdout = logLines(1)
  process.once('exit', stdout.end)
  return pino(options, stdout)
}
