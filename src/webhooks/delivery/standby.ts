import type { Logger } from 'pino'
import type { Database } from '#database/connect.ts'
import { messageTypes } from '#database/tables.ts'
import { keepConnections } from '#outbound/connections.ts'
import type { Guard } from '#outbound/guard.ts'
import { isRunning } from '#tasks/attempts/takers.ts'
import { Deliverer } from './deliverer.ts'

// Milliseconds.
const lookEvery = 5_000
const types = messageTypes.filter(type => type.startsWith('problem.'))

/** Alerts that are due while no worker runs. */
export const isNeededSql = `
select not exists (select from darkroom.workers w where ${isRunning}) and exists (
  select from darkroom.webhooks w join darkroom.webhook_messages m on m.webhook_id = w.id
  where w.enabled and m.next_at <= now() and m.type = any($1::text[])
) as needed`

interface StandbyOptions {
  db: Database
  guard: Guard
  proxy: string | undefined
  /** Opens the secrets of webhooks. */
  key: Buffer
  publicUrl: string | undefined
  log: Logger
}

/**
 * An API's part in the webhooks. Workers deliver messages; but that none runs would be told when one runs again. So an
 * API delivers alerts, and nothing else, while there is no worker.
 */
export function openStandby({ db, guard, proxy, key, publicUrl, log }: StandbyOptions) {
  let deliverer: Deliverer | undefined
  let looking: Promise<void> | undefined

  async function look() {
    const { rows } = await db.pool.query<{ needed: boolean }>(isNeededSql, [types])
    if (rows[0]!.needed) {
      deliverer ??= open()
      deliverer.lookNow()
    } else await rest()
  }

  function open() {
    const through = proxy === undefined ? undefined : new URL(proxy)
    const connections = keepConnections({ guard, proxy: through })
    return new Deliverer({ db, connections, key, publicUrl, types, warn: (details, text) => log.warn(details, text) })
  }

  async function rest() {
    const last = deliverer
    deliverer = undefined
    await last?.stop()
  }

  const timer = setInterval(() => {
    looking ??= look()
      .catch(error => log.debug({ err: error }, 'it could not be seen whether alerts wait for a worker'))
      .finally(() => {
        looking = undefined
      })
  }, lookEvery)
  return {
    async close() {
      clearInterval(timer)
      await looking
      await rest()
    }
  }
}
