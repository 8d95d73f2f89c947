import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'

interface SuperviseOptions {
  url: string
  log: Logger
}

// Milliseconds.
const startAfter = 5_000
const longestStop = 2_000

/**
 * pg-boss's own maintenance and cron pass, in a thread. The pass reads every row of pgboss.schedule and computes its
 * last occurrence: 0.3 to 11 ms a row, without a pause. In the worker's event loop a thousand rows would stop heartbeats
 * for half a second. The thread starts when the worker has had time to start: its modules take 0.3 s of CPU, and no task
 * waits for a pass.
 */
export function superviseQueues({ url, log }: SuperviseOptions) {
  let stopped = false
  let thread: Worker | undefined
  void startLater()

  async function startLater() {
    await delay(startAfter, undefined, { ref: false })
    if (!stopped) thread = start()
  }

  function start() {
    const thread = new Worker(new URL('./supervisor-thread.ts', import.meta.url), { workerData: { url } })
    thread.on('message', ({ failed }: { failed: string }) => log.warn({ reason: failed }, 'pg-boss failed'))
    thread.on('error', error => log.warn({ err: error }, 'the supervisor of pg-boss failed; restarting'))
    thread.once('exit', () => {
      if (!stopped) void startLater()
    })
    // A stop does not wait for it.
    thread.unref()
    return thread
  }

  return {
    async stop() {
      stopped = true
      if (!thread || thread.threadId === -1) return
      const ended = new Promise(resolve => thread!.once('exit', resolve))
      thread.postMessage('stop')
      await Promise.race([ended, delay(longestStop, undefined, { ref: false })])
      await thread.terminate()
    }
  }
}
