import type { Logger } from 'pino'
import { keepThread } from '../thread.ts'

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
  const thread = keepThread({
    program: new URL('./supervisor-thread.ts', import.meta.url),
    name: 'pg-boss',
    data: { url },
    log,
    failure: 'the supervisor of pg-boss failed; restarting',
    restartAfter: startAfter,
    longestStop
  })
  void thread.startIn(startAfter)
  return { stop: thread.stop }
}
