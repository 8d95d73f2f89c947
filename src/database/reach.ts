import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { knock } from './knock.ts'
import { isOutage, reasonOf } from './outage.ts'

// Seconds. Of services that start together the database is ready last, and after a crash it recovers first. A longer
// wait ends the process, so that supervisor and operator notice.
const patience = 60
const firstPause = 100
const longestPause = 2_000

/** Wrong password, unknown role or address, no such database, no privilege: waiting does not help. */
const refusals = new Set(['28P01', '28000', '3D000', '42501'])

interface ReachOptions {
  log: Logger
  signal: AbortSignal
  seconds?: number
}

/** Waits for an unreachable database at a start; a running worker has WORKER_GIVE_UP_AFTER. */
export async function reachDatabase(url: string, { log, signal, seconds = patience }: ReachOptions): Promise<void> {
  const end = performance.now() + seconds * 1000
  let waiting = false
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    const error = await knock(url, signal)
    signal.throwIfAborted()
    if (!error) break
    if (!mayPass(error)) throw error
    const reason = reasonOf(error)
    if (performance.now() + pause > end) {
      throw new Error(`The database does not answer after ${Math.round(seconds * 10) / 10} s: ${reason}`, {
        cause: error
      })
    }
    if (!waiting) log.warn(`the database does not answer yet (${reason}); waiting up to ${Math.ceil(seconds)} s`)
    waiting = true
    await delay(pause, undefined, { signal })
  }
  if (waiting) log.info('the database answers')
}

/** Calls `begin` once the database answers, and again after an outage in between. `begin` closes what it has opened. */
export async function beginOn<T>(url: string, needs: ReachOptions, begin: () => Promise<T>): Promise<T> {
  const { log, signal, seconds = patience } = needs
  const end = performance.now() + seconds * 1000
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    await reachDatabase(url, { ...needs, seconds: Math.max(0, (end - performance.now()) / 1000) })
    try {
      return await begin()
    } catch (error) {
      signal.throwIfAborted()
      if (!mayPass(error) || performance.now() + pause > end) throw error
      log.warn(`the database became unreachable during the start (${reasonOf(error)}); retrying the start`)
      await delay(pause, undefined, { signal })
    }
  }
}

function mayPass(error: unknown): error is Error & { code?: string } {
  return isOutage(error) && !refusals.has((error as { code?: string }).code ?? '')
}
