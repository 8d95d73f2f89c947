import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { gather, together } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import { dueLoop, type Look } from '#database/due-loop.ts'
import type { Connections } from '#outbound/connections.ts'
import type { Guard } from '#outbound/guard.ts'
import { claimMessages, giveMessagesBack, leaseLength, type Message, nextDue } from './claim.ts'
import { Endpoint, usualSlots } from './endpoint.ts'
import { send, type Told } from './send.ts'
import { type Disabled, settleMessages } from './settle.ts'

interface DelivererOptions {
  db: Database
  guard: Guard
  connections: Connections
  /** Opens the secrets of webhooks. */
  key: Buffer
  publicUrl: string | undefined
  warn(details: object, text: string): void
}

const mostRunning = 32
// Held here, with those that are sent.
const mostHeld = 512
// Milliseconds. An attempt takes 15 s: what has waited longer is left to its lease.
const longestWait = (leaseLength - 35) * 1_000
// Milliseconds that deliveries get to end when the worker stops.
const grace = 5_000
// Seconds. Then a look that finds nothing asks when the next message is due.
const soon = 0.2

/**
 * Delivers messages beside the tasks of a worker. Not as jobs of pg-boss: a message is due again at times of its own, in
 * the order of its subject, 4 of a webhook at a time, and its row is needed anyway for deliveries and replays. A job
 * would be a second row to insert, claim, complete and delete for each, in the transaction that ends the task.
 */
export function openDeliverer(options: DelivererOptions) {
  const { db, connections, warn } = options
  const endpoints = new Map<string, Endpoint>()
  const lease = randomUUID()
  const cut = new AbortController()
  const running = new Set<Promise<void>>()
  let stopped = false

  const settle = together<Told, Disabled[]>({
    parallel: 1,
    most: 200,
    async run(told) {
      const disabled = await settleMessages(db, told)
      await gather(told.length)
      return told.map((_, index) => (index === 0 ? disabled : []))
    }
  })
  const loop = dueLoop({
    look,
    onError: error => warn({ err: error }, 'messages to webhooks could not be claimed')
  })

  async function look(): Promise<Look> {
    const held = [...endpoints.values()].reduce((sum, { line, running }) => sum + line.length + running, 0)
    const slots = new Map([...endpoints].map(([id, endpoint]) => [id, endpoint.slots]))
    const most = mostHeld - held
    const messages = most > 0 ? await claimMessages(db.pool, { lease, slots, usual: usualSlots, most }) : []
    const since = performance.now()
    for (const message of messages) endpointOf(message.webhook_id).line.push({ message, since })
    for (const [id, endpoint] of endpoints) {
      const taken = messages.reduce((sum, { webhook_id }) => sum + (webhook_id === id ? 1 : 0), 0)
      endpoint.hasMore = messages.length === most || taken === (slots.get(id) ?? usualSlots)
    }
    if (stopped) await giveBack()
    else start()
    // More come while these are sent: a look for each of them would be the larger part of the work.
    await gather(messages.length)
    if (messages.length > 0) return { moved: true, next: soon }
    return { moved: false, next: await nextDue(db.pool) }
  }

  function endpointOf(webhook: string) {
    const endpoint = endpoints.get(webhook) ?? new Endpoint()
    endpoints.set(webhook, endpoint)
    return endpoint
  }

  /** One of each webhook in turn, so that none of them keeps the others waiting. */
  function start() {
    for (let started = true; started; ) {
      started = false
      for (const endpoint of endpoints.values()) {
        if (running.size >= mostRunning) return
        if (!endpoint.hasRoom) continue
        const { message, since } = endpoint.line.shift()!
        started = true
        if (performance.now() - since > longestWait) continue
        const delivery: Promise<void> = deliver(endpoint, message).finally(() => running.delete(delivery))
        running.add(delivery)
      }
    }
  }

  async function deliver(endpoint: Endpoint, message: Message) {
    endpoint.running++
    const told = await send(message, { ...options, signal: cut.signal })
    endpoint.running--
    if (told) endpoint.learn(told)
    // The next one need not wait until this one is written.
    queueMicrotask(start)
    if (told) await write(told)
    else await giveMessagesBack(db.pool, [message.id], lease).catch(() => {})
    if (endpoint.isIdle && endpoints.size > mostHeld) endpoints.delete(message.webhook_id)
    const isWorth = message.ordered || (endpoint.hasMore && endpoint.line.length < usualSlots)
    if (!stopped && isWorth) loop.lookNow()
  }

  /** What cannot be written is sent again after its lease, under the same id. */
  async function write(told: Told) {
    try {
      for (const { id, disabled_reason } of await settle(told)) {
        warn({ webhook: id, reason: disabled_reason }, 'webhook disabled: its receiver does not take messages')
      }
    } catch (error) {
      warn({ err: error, message: told.id }, 'the outcome of a delivery could not be written; it is sent again')
    }
  }

  async function giveBack() {
    const ids = [...endpoints.values()].flatMap(({ line }) => line.splice(0).map(({ message }) => message.id))
    await giveMessagesBack(db.pool, ids, lease).catch(() => {})
  }

  let stopping: Promise<void> | undefined
  async function stop() {
    stopped = true
    await loop.stop()
    await giveBack()
    const unfinished = new AbortController()
    await Promise.race([Promise.all(running), delay(grace, undefined, { signal: unfinished.signal }).catch(() => {})])
    unfinished.abort()
    cut.abort()
    await Promise.all(running)
    connections.close()
  }

  return {
    /** Messages were written, or a webhook was enabled. */
    lookNow: loop.lookNow,
    stop: () => (stopping ??= stop())
  }
}
