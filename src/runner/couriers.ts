import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Database } from '#database/connect.ts'
import type { Secrets } from '#secrets/master.ts'
import { isTracing } from '#telemetry/spans.ts'
import { type DeliveryRun, traceDelivery } from '#webhooks/delivery/trace.ts'
import { webhookKey } from '#webhooks/secret.ts'
import { keepThread } from './thread.ts'

interface OpenCouriersOptions {
  db: Database
  config: Config
  secrets: Secrets
  log: Logger
}

// Milliseconds.
const restartAfter = 1_000
const longestStop = 7_000

export const anyWebhookSql = `
select exists (select from darkroom.webhooks) as any`

/**
 * A worker's part in the webhooks: it delivers their messages, in a thread of low priority. In the worker's event loop a
 * message for each task slowed a drain to a third. The thread starts with the first webhook, as most installations have
 * none.
 */
export function openCouriers({ db, config, secrets, log }: OpenCouriersOptions) {
  const { WEBHOOK_ALLOW_NETWORKS: open, WEBHOOK_PROXY: proxy, PORT: port, PUBLIC_URL: publicUrl } = config
  const thread = keepThread({
    program: new URL('./couriers-thread.ts', import.meta.url),
    name: 'webhooks',
    data: { url: db.url, open, proxy, port, publicUrl, key: webhookKey(secrets), traces: isTracing() },
    log,
    failure: 'the deliverer of webhooks failed; restarting',
    restartAfter,
    longestStop,
    heard: run => traceDelivery(run as DeliveryRun)
  })
  void startIfNeeded()

  /** Once there is a webhook, the thread looks by itself; until then a lost notification is found here. */
  async function startIfNeeded() {
    const found = await db.pool.query<{ any: boolean }>(anyWebhookSql).catch(() => undefined)
    if (found?.rows[0]?.any) thread.start()
  }

  return {
    /** There are messages. */
    lookNow() {
      if (!thread.tell('look')) thread.start()
    },
    /** Notifications may have been lost. */
    lookAgain() {
      if (!thread.tell('look')) void startIfNeeded()
    },
    stop: thread.stop,
    close: thread.stop
  }
}

export type Couriers = ReturnType<typeof openCouriers>
