import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'

interface KeepThreadOptions {
  program: URL
  /** Shown by programs that list threads. */
  name: string
  /** What its program is given. */
  data: object
  log: Logger
  /** Said when it fails. */
  failure: string
  /** Milliseconds until it is started again, after whatever end. */
  restartAfter: number
  /** Milliseconds that it gets to end. */
  longestStop: number
  /** Called with whatever it sends besides warnings. */
  heard?(message: unknown): void
}

/** What the program of a thread sends for the worker's log; anything else it sends is `heard`. */
export interface Warning {
  details: object
  text: string
}

/**
 * A thread of a worker for work beside its tasks, which in the worker's own event loop would hold up heartbeats and
 * outcomes. It is started again when it ends, ends itself at the message `stop`, and does not keep the process alive.
 */
export function keepThread(options: KeepThreadOptions) {
  const { program, name, data, log, failure, restartAfter, longestStop, heard } = options
  let thread: Worker | undefined
  let stopping: Promise<void> | undefined

  function start() {
    if (thread || stopping) return
    thread = new Worker(program, { workerData: data, name })
    thread.on('message', (message: object) => {
      if (isWarning(message)) log.warn(message.details, message.text)
      else heard?.(message)
    })
    thread.on('error', error => log.warn({ err: error }, failure))
    thread.once('exit', () => {
      thread = undefined
      void startIn(restartAfter)
    })
    thread.unref()
  }

  async function startIn(milliseconds: number) {
    await delay(milliseconds, undefined, { ref: false })
    start()
  }

  async function end() {
    const last = thread
    if (!last) return
    const ended = new Promise(resolve => last.once('exit', resolve))
    last.postMessage('stop')
    await Promise.race([ended, delay(longestStop, undefined, { ref: false })])
    await last.terminate()
  }

  return {
    start,
    startIn,
    /** Sends a message to it; false where it does not run. */
    tell(message: string) {
      thread?.postMessage(message)
      return thread !== undefined
    },
    stop: () => (stopping ??= end())
  }
}

function isWarning(message: object): message is Warning {
  return 'text' in message
}
