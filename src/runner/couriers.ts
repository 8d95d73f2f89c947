import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import type { Database } from '#database/connect.ts'
import type { Secrets } from '#secrets/master.ts'
import { webhookKey } from '#webhooks/secret.ts'

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
 * A worker's part in the webhooks: it delivers their messages, in a thread of low priority. A delivery takes a
 * millisecond of CPU (a connection of its own, and a signature): in the worker's event loop a message for each task
 * slowed a drain to a third. The thread starts with the first webhook, as most installations have none.
 */
export function openCouriers({ db, config, secrets, log }: OpenCouriersOptions) {
  const { WEBHOOK_ALLOW_NETWORKS: open, WEBHOOK_PROXY: proxy, PORT: port, PUBLIC_URL: publicUrl } = config
  let thread: Worker | undefined
  let stopping: Promise<void> | undefined
  void startIfNeeded()

  /** Once there is a webhook, the thread looks by itself; until then a lost notification is found here. */
  async function startIfNeeded() {
    const found = await db.pool.query<{ any: boolean }>(anyWebhookSql).catch(() => undefined)
    if (found?.rows[0]?.any) start()
  }

  function start() {
    if (thread || stopping) return
    const workerData = { url: db.url, open, proxy, port, publicUrl, key: webhookKey(secrets) }
    thread = new Worker(new URL('./couriers-thread.ts', import.meta.url), { workerData })
    thread.on('message', ({ details, text }: { details: object; text: string }) => log.warn(details, text))
    thread.on('error', error => log.warn({ err: error }, 'the deliverer of webhooks failed; restarting'))
    thread.once('exit', async () => {
      thread = undefined
      await delay(restartAfter, undefined, { ref: false })
      start()
    })
    thread.unref()
  }

  async function end() {
    const last = thread
    if (!last) return
    const ended = new Promise(resolve => last.once('exit', resolve))
    last.postMessage('stop')
    await Promise.race([ended, delay(longestStop, undefined, { ref: false })])
    await last.terminate()
  }

  const stop = () => (stopping ??= end())
  return {
    /** There are messages. */
    lookNow() {
      if (thread) thread.postMessage('look')
      else start()
    },
    /** Notifications may have been lost. */
    lookAgain() {
      if (thread) thread.postMessage('look')
      else void startIfNeeded()
    },
    stop,
    close: stop
  }
}

export type Couriers = ReturnType<typeof openCouriers>
