import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { knock } from './knock.ts'

// Milliseconds, after which a second connection tells a slow statement from a dead server.
const suspicious = 5_000

/**
 * Breaks connections whose statement waits for a frozen or disconnected server; TCP alone would take a quarter of an
 * hour to notice. The statement rejects at once. Postgres ends statements before `patience` seconds are over, so a
 * longer one is lost, too.
 */
export function breakSilence(url: string, patience: number) {
  const first = Math.min(suspicious, patience * 1000)
  let asking: Promise<boolean> | undefined

  /** A server that refuses the connection, because it has too many, say, is alive. */
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
    // A listener, because a callback of setTimeout would be called only once.
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
