import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'

/** Stops one part of the process; its running tasks get so many seconds. */
export type Stop = (graceSeconds: number) => Promise<unknown>

// Milliseconds, all three. After the grace, a stop that hangs ends the process.
const lastResort = 30_000
// The same for a process that ends itself, mostly after a long wait. A worker without a database needs 10 s of it to
// find that its outcomes cannot be written.
const lastResortOfFailure = 20_000
// Time for a start that is cancelled to reach its next step.
const windingDown = 10_000

/** Lets a part end the process, with a reason and an exit code. */
export type End = (why: string, code: 0 | 1) => void

/**
 * Starts the parts of a process in order and stops them in reverse: at a signal, when the start fails, when a part asks
 * for it, or when the parent process is gone. A second signal skips the grace. An AbortSignal cancels a start under
 * way; a start that resolves to `done` is a command that has finished. Returns the exit code.
 */
export async function run(
  log: Logger,
  grace: number,
  start: (started: Stop[], signal: AbortSignal, end: End) => Promise<unknown>
): Promise<number> {
  const started: Stop[] = []
  const reason = firstReason(log, grace, () => hasten(started))
  listen(log, reason.hear)

  async function stop(graceSeconds: number) {
    reason.isStopping()
    const longest = reason.exitCode === 0 ? lastResort : lastResortOfFailure
    await stopParts(log, started, graceSeconds, longest)
  }

  const starting = start(started, reason.cancelsStart, reason.end)
  try {
    if ((await Promise.race([starting, reason.asked])) === 'done') {
      await stop(0)
      return 0
    }
  } catch (error) {
    await stop(0)
    throw error
  }
  const patience = await reason.asked
  // A part in the middle of its start can be neither abandoned nor stopped.
  const wound = starting.catch(error => log.debug({ err: error }, 'the start was cancelled'))
  await Promise.race([wound, reason.hurried, delay(windingDown)])
  await stop(patience)
  return reason.exitCode
}

/** The first reason to stop decides about the grace and the exit code; a signal after it skips the grace. */
function firstReason(log: Logger, grace: number, again: () => void) {
  const { promise: asked, resolve: ask } = Promise.withResolvers<number>()
  const { promise: hurried, resolve: hurry } = Promise.withResolvers<void>()
  const interrupt = new AbortController()
  let stopping = false
  let exitCode = 0

  function stopAfter(graceSeconds: number) {
    stopping = true
    interrupt.abort()
    ask(graceSeconds)
  }

  return {
    /** Seconds of grace, once there is a reason. */
    asked,
    /** Resolves when the grace is to be skipped. */
    hurried,
    cancelsStart: interrupt.signal,
    get exitCode() {
      return exitCode
    },
    /** For a stop without such a reason: the start has failed, or the command has finished. */
    isStopping() {
      stopping = true
    },
    /** Of a signal or of the parent process. */
    hear(why: string) {
      if (!stopping) {
        log.info(`${why}: stopping; a second signal skips the grace period`)
        return stopAfter(grace)
      }
      log.warn(`${why} again: stopping now`)
      hurry()
      again()
    },
    /** A self-requested stop needs no grace period. */
    end(why: string, code: 0 | 1) {
      if (stopping) return
      if (code === 0) log.info(`${why}: stopping`)
      else log.fatal(why)
      exitCode = code
      stopAfter(0)
    }
  }
}

/** What comes to a process from outside, as a reason to stop. */
function listen(log: Logger, hear: (why: string) => void) {
  process.on('SIGTERM', () => hear('SIGTERM'))
  process.on('SIGINT', () => hear('SIGINT'))
  process.on('SIGHUP', () => hear('SIGHUP'))
  if (process.send) {
    process.on('disconnect', () => hear('the server that started this worker is gone'))
    process.on('message', message => message === 'stop' && hear('the server stops'))
  }
  // A rejection without a handler is a bug of ours, but no reason to end requests and tasks.
  process.on('unhandledRejection', error => log.error({ err: error }, 'unhandled rejection'))
}

async function stopParts(log: Logger, started: Stop[], graceSeconds: number, longest: number) {
  setTimeout(giveUp, graceSeconds * 1000 + longest, log).unref()
  for (const each of started.toReversed()) {
    await each(graceSeconds).catch(error => log.error({ err: error }, 'stopping failed'))
  }
}

/** Ends the grace of a stop under way. */
function hasten(started: Stop[]) {
  for (const each of started.toReversed()) void each(0).catch(() => {})
}

function giveUp(log: Logger) {
  log.fatal('stopping does not finish, perhaps because a query gets no answer from the database: exiting without it')
  process.exit(1)
}
