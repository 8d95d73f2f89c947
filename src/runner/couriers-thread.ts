import { parentPort, workerData } from 'node:worker_threads'
import type { Places } from '#config/addresses.ts'
import { connect, throughIndexes } from '#database/connect.ts'
import { keepConnections } from '#outbound/connections.ts'
import { guardOf } from '#outbound/guard.ts'
import { stepBack } from '#processes/background.ts'
import { Deliverer } from '#webhooks/delivery/deliverer.ts'
import type { DeliveryRun } from '#webhooks/delivery/trace.ts'
import type { Warning } from './thread.ts'

/** The thread of `couriers.ts`. */
const { url, open, port, publicUrl, proxy, key, traces } = workerData as {
  url: string
  open: Places | undefined
  port: number
  publicUrl: string | undefined
  proxy: string | undefined
  key: Uint8Array
  /** Whether its worker sends spans; here nothing of the SDK is loaded. */
  traces: boolean
}
stepBack()
// A crash of Postgres may forget what was delivered a moment ago: it is sent again, under the same id. The syncs of each
// claim and outcome would be those that ends of tasks wait for.
const settings = { ...throughIndexes, lock_timeout: '5s', synchronous_commit: 'off' }
const db = connect(url, { name: 'darkroom worker couriers', max: 2, settings })
const deliverer = new Deliverer({
  db,
  connections: keepConnections({
    guard: guardOf({ open, database: url, port }),
    proxy: proxy === undefined ? undefined : new URL(proxy)
  }),
  key: Buffer.from(key),
  publicUrl,
  warn: (details, text) => parentPort!.postMessage({ details, text } satisfies Warning),
  trace: traces ? (run: DeliveryRun) => parentPort!.postMessage(run) : undefined
})

parentPort!.on('message', async (order: 'look' | 'stop') => {
  if (order === 'look') return deliverer.lookNow()
  await deliverer.stop()
  await db.close()
  process.exit(0)
})
