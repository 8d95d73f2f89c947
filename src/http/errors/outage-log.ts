import type { Logger } from 'pino'
import { patienceToConnect } from '#database/knock.ts'
import { reasonOf } from '#database/outage.ts'

// Milliseconds between two lines: in an outage a busy API refuses hundreds of requests a second.
const pause = 5_000

export type OutageLog = ReturnType<typeof logOutages>

/** Logs requests that are refused because of the database or the disk: the first at once, the following ones as a count. */
export function logOutages(log: Pick<Logger, 'warn'>) {
  let requests = 0
  let reason = ''
  let timer: NodeJS.Timeout | undefined

  function say() {
    timer = undefined
    if (requests === 0) return
    log.warn({ requests, reason }, 'requests were refused because of the database or the disk')
    requests = 0
    timer = setTimeout(say, pause).unref()
  }

  return {
    add(error: Error) {
      requests++
      reason = sentence(error)
      if (timer === undefined) say()
    },

    /** Logs the refusals that were only counted so far. */
    close() {
      clearTimeout(timer)
      say()
      clearTimeout(timer)
    }
  }
}

/** node-postgres reports the same error for a database that is away and for a busy pool, so the reason names both. */
function sentence(error: Error) {
  if (/timeout exceeded when trying to connect|due to connection timeout/.test(error.message)) {
    return `no connection to the database was free or could be opened within ${patienceToConnect} s`
  }
  return reasonOf(error)
}
