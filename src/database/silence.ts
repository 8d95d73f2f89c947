import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { knock } from './knock.ts'

// Milliseconds. A statement may take that long; but then whoever takes so long is asked whether he is there at all.
const suspicious = 5_000

/**
 * Breaks connections on which a statement waits for somebody who is not there any more: frozen, or behind a wire that
 * is cut. TCP alone would believe in him for a quarter of an hour. Whoever waits for the statement is told at once.
 *
 * Statements end by themselves before `patience` seconds are over, so one that has not is lost too.
 */
export function breakSilence(url: string, patience: number) {
  const first = Math.min(suspicious, patience * 1000)
  let asking: Promise<boolean> | undefined

  /** Whoever refuses us, because he has enough connections, say, is there. */
  function isThere() {
    asking ??= knock(url)
      .then(error => error === undefined || error instanceof pg.DatabaseError)
      .finally(() => {
        asking = undefined
      })
    return asking
  }

  return (client: pg.PoolClient) => {
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection

    stream.setTimeout(first)
    // Each time, not the first time only, as a callback of setTimeout would be told.
    stream.on('timeout', async () => {
      const since = performance.now() - first
      const heard = stream.bytesRead
      const stillSilent = () =>
        !stream.destroyed &&
        stream.bytesRead === heard &&
        !(client as unknown as { readyForQuery: boolean }).readyForQuery

      while (stillSilent()) {
        const lost = performance.now() - since >= patience * 1000 || !(await isThere())
        if (lost && stillSilent()) stream.destroy(new Error('Connection terminated: Postgres does not answer'))
        else await delay(suspicious, undefined, { ref: false })
      }
    })
  }
}
