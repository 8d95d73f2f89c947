import type { Logger } from 'pino'

/** Stops one of the things that were started; running tasks get so many seconds. */
export type Stop = (graceSeconds: number) => Promise<unknown>

// Whatever hangs at the end: the process is gone after so long.
const lastResort = 30_000

/**
 * Starts things in order and stops them in reverse: at a signal, when the start fails, or when the process that
 * started us is gone. A second signal leaves out the patience.
 */
export async function run(log: Logger, grace: number, start: (started: Stop[]) => Promise<void>) {
  const started: Stop[] = []
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  let stopping = false

  async function stop(graceSeconds: number) {
    stopping = true
    setTimeout(() => process.exit(1), graceSeconds * 1000 + lastResort).unref()
    for (const each of started.toReversed()) {
      await each(graceSeconds).catch(error => log.error({ err: error }, 'stopping failed'))
    }
  }

  function hear(why: string) {
    if (!stopping) {
      log.info(`${why}: stopping; once more to be quick`)
      stopping = true
      return ask()
    }
    log.warn(`${why} again: stopping now`)
    for (const each of started.toReversed()) void each(0).catch(() => {})
  }

  process.on('SIGTERM', () => hear('SIGTERM'))
  process.on('SIGINT', () => hear('SIGINT'))
  process.on('SIGHUP', () => hear('SIGHUP'))
  if (process.send) {
    process.on('disconnect', () => hear('the server that started this worker is gone'))
    process.on('message', message => message === 'stop' && hear('the server stops'))
  }
  // A promise that nobody waited for is a bug of ours, but no reason to drop what everybody else is doing.
  process.on('unhandledRejection', error => log.error({ err: error }, 'unhandled rejection'))

  try {
    await Promise.race([start(started), asked])
  } catch (error) {
    await stop(0)
    throw error
  }
  await asked
  await stop(grace)
}
