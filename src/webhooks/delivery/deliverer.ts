import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { gather, together } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import { dueLoop, type Look } from '#database/due-loop.ts'
import type { MessageType } from '#database/tables.ts'
import type { Connections } from '#outbound/connections.ts'
import { claimMessages, giveMessagesBack, leaseLength, type Message, nextDue } from './claim.ts'
import type { Endpoint } from './endpoint.ts'
import { Lines } from './lines.ts'
import { secretsOpener } from './secrets.ts'
import { send, type Told } from './send.ts'
import { type Disabled, settleMessages } from './settle.ts'
import type { DeliveryRun } from './trace.ts'

interface DelivererOptions {
  db: Database
  connections: Connections
  /** Opens the secrets of webhooks. */
  key: Buffer
  publicUrl: string | undefined
  /** Delivers only these. */
  types?: readonly MessageType[]
  warn: Warn
  /** Tells of each attempt in a trace, where spans are sent. */
  trace?: ((run: DeliveryRun) => void) | undefined
}

type Warn = (details: object, text: string) => void

// Messages.
const mostRunning = 32
const mostHeld = 512
// Milliseconds. An attempt takes 15 s.
const longestWait = (leaseLength - 35) * 1_000
// Milliseconds that deliveries get to end when the worker stops.
const grace = 5_000
// Seconds. Then a look that finds nothing asks when the next message is due.
const soon = 0.2
// Milliseconds that an outcome waits for others, at most: a kill within them sends their messages again.
const longestGather = 50

/**
 * Delivers messages beside the tasks of a worker. Not as jobs of pg-boss: a message is due again at times of its own, in
 * the order of its subject, a few of a webhook at a time, and its row is needed anyway for deliveries and replays. A job
 * would be a second row to insert, claim, complete and delete for each, in the transaction that ends the task.
 */
export function openDeliverer({ db, connections, key, publicUrl, types, warn, trace }: DelivererOptions) {
  const lines = new Lines({ mostRunning, mostHeld, longestWait })
  const write = outcomesTo(db, warn)
  const lease = randomUUID()
  const cut = new AbortController()
  const options = { connections, secretOf: secretsOpener(key), publicUrl, signal: cut.signal, trace }
  const running = new Set<Promise<void>>()
  let stopped = false
  const loop = dueLoop({
    look,
    onError: error => warn({ err: error }, 'messages to webhooks could not be claimed')
  })

  async function look(): Promise<Look> {
    const { room } = lines
    const messages = room.most > 0 ? await claimMessages(db.pool, { lease, types, ...room }) : []
    lines.put(messages, room)
    if (stopped) await giveBack(lines.empty())
    else start()
    // More come while these are sent: a look for each of them would be the larger part of the work.
    await gather(messages.length)
    if (messages.length > 0) return { moved: true, next: soon }
    return { moved: false, next: await nextDue(db.pool) }
  }

  function start() {
    for (let next = lines.next(); next; next = lines.next()) {
      const delivery: Promise<void> = deliver(next.endpoint, next.message).finally(() => running.delete(delivery))
      running.add(delivery)
    }
  }

  async function deliver(endpoint: Endpoint, message: Message) {
    const told = await send(message, options)
    lines.ended(endpoint, message.webhook_id, told)
    // The next one need not wait until this one is written.
    if (!stopped) start()
    if (told) await write(told)
    else await giveBack([message])
    if (!stopped && (message.ordered || endpoint.wantsMore)) loop.lookNow()
  }

  const giveBack = (messages: Message[]) =>
    giveMessagesBack(
      db.pool,
      messages.map(({ id }) => id),
      lease
    ).catch(() => {})

  let stopping: Promise<void> | undefined
  async function stop() {
    stopped = true
    await loop.stop()
    await giveBack(lines.empty())
    const unfinished = new AbortController()
    await Promise.race([Promise.all(running), delay(grace, undefined, { signal: unfinished.signal }).catch(() => {})])
    unfinished.abort()
    cut.abort()
    connections.close()
    await Promise.all(running)
  }

  return {
    /** Messages were written, or a webhook was enabled. */
    lookNow: loop.lookNow,
    stop: () => (stopping ??= stop())
  }
}

/** Writes outcomes, many in a statement. What cannot be written is sent again after its lease, under the same id. */
function outcomesTo(db: Database, warn: Warn) {
  const settle = together<Told, Disabled[]>({
    parallel: 1,
    most: 200,
    async run(told) {
      const disabled = await settleMessages(db, told)
      await gather(told.length, longestGather)
      return told.map((_, index) => (index === 0 ? disabled : []))
    }
  })

  return async (told: Told) => {
    try {
      for (const { id, disabled_reason } of await settle(told)) {
        warn({ webhook: id, reason: disabled_reason }, 'webhook disabled: its receiver does not take messages')
      }
    } catch (error) {
      warn({ err: error, message: told.id }, 'the outcome of a delivery could not be written; it is sent again')
    }
  }
}
