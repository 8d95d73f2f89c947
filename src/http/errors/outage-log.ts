import type { Logger } from 'pino'
import { patienceToConnect } from '#database/knock.ts'
import { reasonOf } from '#database/outage.ts'

// Milliseconds between two lines: a busy API refuses hundreds of requests in a second, all for the same reason.
const pause = 5_000

export type OutageLog = ReturnType<typeof logOutages>

/** Says that requests are refused because of the database: the first at once, those that follow by their number. */
export function logOutages(log: Pick<Logger, 'warn'>) {
  let requests = 0
  let reason = ''
  let timer: NodeJS.Timeout | undefined

  function say() {
    timer = undefined
    if (requests === 0) return
    log.warn({ requests, reason }, 'requests were refused because of the database')
    requests = 0
    timer = setTimeout(say, pause).unref()
  }

  return {
    add(error: Error) {
      requests++
      reason = sentence(error)
      if (timer === undefined) say()
    },

    /** Those that were not yet told of are. */
    close() {
      clearTimeout(timer)
      say()
      clearTimeout(timer)
    }
  }
}

/** node-postgres says the same of a database that is away and of connections that are all busy: so do we. */
function sentence(error: Error) {
  if (/timeout exceeded when trying to connect|due to connection timeout/.test(error.message)) {
    return `no connection to the database was free or could be opened within ${patienceToConnect} s`
  }
  return reasonOf(error)
}
