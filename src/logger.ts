import pino, { type Logger } from 'pino'

// Bytes, and milliseconds: a line that comes alone is read soon, and a thousand a second do not each cost a write.
const together = { minLength: 4_096, periodicFlush: 100 }

/** JSON lines for machines; for a person at a terminal the same in one readable line each. */
export async function openLogger(level: string): Promise<Logger> {
  const options = { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }
  if (process.stdout.isTTY) {
    const { default: pretty } = await import('pino-pretty')
    return pino(options, pretty({ sync: true, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' }))
  }
  const stdout = pino.destination({ dest: 1, sync: true, ...together })
  process.once('exit', () => stdout.flushSync())
  return pino(options, stdout)
}
