import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { knock } from './knock.ts'
import { isOutage, reasonOf } from './outage.ts'

// Where everything is started together the database comes last, and after a crash it goes through its log first: both
// take seconds. For one that takes longer whoever has started us tries again, and somebody should hear of it.
const patience = 60
const firstPause = 100
const longestPause = 2_000

/** A wrong password, nobody of this name or not from here, no such database, no right to it: these do not mend themselves. */
const refusals = new Set(['28P01', '28000', '3D000', '42501'])

interface Needs {
  log: Logger
  signal: AbortSignal
  seconds?: number
}

/** Waits for a database that does not answer yet: for who starts. What runs has a patience of its own. */
export async function reachDatabase(url: string, { log, signal, seconds = patience }: Needs): Promise<void> {
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
    if (!waiting)
      log.warn(`the database does not answer yet (${reason}); it is waited for, for up to ${Math.ceil(seconds)} s`)
    waiting = true
    await delay(pause, undefined, { signal })
  }
  if (waiting) log.info('the database answers')
}

/**
 * Begins something on a database once it answers, and anew where it goes away meanwhile. What has been opened by then
 * `begin` closes itself.
 */
export async function beginOn<T>(url: string, needs: Needs, begin: () => Promise<T>): Promise<T> {
  const { log, signal, seconds = patience } = needs
  const end = performance.now() + seconds * 1000
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    await reachDatabase(url, { ...needs, seconds: Math.max(0, (end - performance.now()) / 1000) })
    try {
      return await begin()
    } catch (error) {
      signal.throwIfAborted()
      if (!mayPass(error) || performance.now() + pause > end) throw error
      log.warn(`the database went away during the start (${reasonOf(error)}); it is begun anew`)
      await delay(pause, undefined, { signal })
    }
  }
}

function mayPass(error: unknown): error is Error & { code?: string } {
  return isOutage(error) && !refusals.has((error as { code?: string }).code ?? '')
}
