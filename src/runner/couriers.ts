import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Database } from '#database/connect.ts'
import { guardOf } from '#outbound/guard.ts'
import { openDeliverer } from '#webhooks/delivery/deliverer.ts'

interface OpenCouriersOptions {
  db: Database
  url: string
  config: Config
  log: Logger
}

/** A worker's part in the webhooks: it delivers their messages. */
export function openCouriers({ db, url, config, log }: OpenCouriersOptions) {
  const guard = guardOf({ open: config.WEBHOOK_ALLOW_NETWORKS, database: url, port: config.PORT })
  const deliverer = openDeliverer({ db, guard, publicUrl: config.PUBLIC_URL, log })
  return { lookNow: deliverer.lookNow, stop: deliverer.stop, close: deliverer.stop }
}

export type Couriers = ReturnType<typeof openCouriers>
