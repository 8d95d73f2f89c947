import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'

/** Stops one of the things that were started; running tasks get so many seconds. */
export type Stop = (graceSeconds: number) => Promise<unknown>

// Whatever hangs at the end: the process is gone after so long.
const lastResort = 30_000
// Whoever has given up has waited long enough.
const lastResortOfFailure = 10_000
// A start that is told to stop comes to its next step in so long, or is cut off in this one.
const windingDown = 10_000

/** What was started comes to its end by itself: why, and with which exit code. */
export type End = (why: string, code: 0 | 1) => void

/**
 * Starts things in order and stops them in reverse: at a signal, when the start fails, when what was started asks for
 * it, or when the process that started us is gone. A second signal leaves out the patience. A start that is still
 * under way hears of it by its signal; what it answers `done` to has nothing to wait for. Answers the exit code.
 */
export async function run(
  log: Logger,
  grace: number,
  start: (started: Stop[], signal: AbortSignal, end: End) => Promise<unknown>
): Promise<number> {
  const started: Stop[] = []
  const { promise: asked, resolve: ask } = Promise.withResolvers<number>()
  const { promise: hurried, resolve: hurry } = Promise.withResolvers<void>()
  const interrupt = new AbortController()
  let stopping = false
  let exitCode = 0

  async function stop(graceSeconds: number) {
    stopping = true
    const longest = exitCode === 0 ? lastResort : lastResortOfFailure
    setTimeout(giveUp, graceSeconds * 1000 + longest).unref()
    for (const each of started.toReversed()) {
      await each(graceSeconds).catch(error => log.error({ err: error }, 'stopping failed'))
    }
  }

  function giveUp() {
    log.fatal(
      'something does not come to its end, such as a question that the database does not answer: ending without it'
    )
    process.exit(1)
  }

  function hear(why: string) {
    if (!stopping) {
      log.info(`${why}: stopping; once more to be quick`)
      stopping = true
      interrupt.abort()
      return ask(grace)
    }
    log.warn(`${why} again: stopping now`)
    hurry()
    for (const each of started.toReversed()) void each(0).catch(() => {})
  }

  // Whoever ends by himself has nothing left that is worth to be waited for.
  function end(why: string, code: 0 | 1) {
    if (stopping) return
    if (code === 0) log.info(`${why}: stopping`)
    else log.fatal(why)
    stopping = true
    exitCode = code
    interrupt.abort()
    ask(0)
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

  const starting = start(started, interrupt.signal, end)
  try {
    if ((await Promise.race([starting, asked])) === 'done') {
      await stop(0)
      return 0
    }
  } catch (error) {
    await stop(0)
    throw error
  }
  const patience = await asked
  // What is half started can neither be left as it is nor be stopped.
  const wound = starting.catch(error => log.debug({ err: error }, 'the start was given up'))
  await Promise.race([wound, hurried, delay(windingDown)])
  await stop(patience)
  return exitCode
}
