import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { together } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import { dueLoop, type Look } from '#database/due-loop.ts'
import type { Guard } from '#outbound/guard.ts'
import { claimMessages, giveMessagesBack, leaseLength, type Message, nextDue } from './claim.ts'
import { Endpoint, usualSlots } from './endpoint.ts'
import { send, type Told } from './send.ts'
import { type Disabled, settleMessages } from './settle.ts'

interface DelivererOptions {
  db: Database
  guard: Guard
  publicUrl: string | undefined
  log: Logger
}

const mostRunning = 32
// Held here, with those that are sent.
const mostHeld = 512
// Milliseconds. An attempt takes 15 s, and another 15 for a slow body: what has waited longer is left to its lease.
const longestWait = (leaseLength - 35) * 1_000
// Milliseconds that deliveries get to end when the worker stops.
const grace = 5_000

/**
 * Delivers messages beside the tasks of a worker. Not as jobs of pg-boss: a message is due again at times of its own, in
 * the order of its subject, 4 of a webhook at a time, and its row is needed anyway for deliveries and replays. A job
 * would be a second row to insert, claim, complete and delete for each, in the transaction that ends the task.
 */
export function openDeliverer({ db, guard, publicUrl, log }: DelivererOptions) {
  const endpoints = new Map<string, Endpoint>()
  const lease = randomUUID()
  const cut = new AbortController()
  const running = new Set<Promise<void>>()
  let stopped = false

  const settle = together<Told, Disabled[]>({
    parallel: 1,
    most: 200,
    async run(told) {
      const disabled = await settleMessages(db.pool, told)
      return told.map((_, index) => (index === 0 ? disabled : []))
    }
  })
  const loop = dueLoop({
    look,
    onError: error => log.warn({ err: error }, 'messages to webhooks could not be claimed')
  })

  async function look(): Promise<Look> {
    const held = [...endpoints.values()].reduce((sum, { line, running }) => sum + line.length + running, 0)
    if (held >= mostHeld) return { moved: true, next: null }
    const slots = new Map([...endpoints].map(([id, endpoint]) => [id, endpoint.slots]))
    const messages = await claimMessages(db.pool, { lease, slots, usual: usualSlots, most: mostHeld - held })
    const since = performance.now()
    for (const message of messages) endpointOf(message.webhook_id).line.push({ message, since })
    if (stopped) await giveBack()
    else start()
    return { moved: messages.length > 0, next: await nextDue(db.pool) }
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
    const told = await send(message, { guard, publicUrl, signal: cut.signal })
    endpoint.running--
    if (told) endpoint.learn(told)
    // The next one need not wait until this one is written.
    queueMicrotask(start)
    if (told) await write(told)
    else await giveMessagesBack(db.pool, [message.id], lease).catch(() => {})
    if (endpoint.isIdle && endpoints.size > mostHeld) endpoints.delete(message.webhook_id)
    if (!stopped && endpoint.line.length < usualSlots) loop.lookNow()
  }

  /** What cannot be written is sent again after its lease, under the same id. */
  async function write(told: Told) {
    try {
      for (const { id, disabled_reason } of await settle(told)) {
        log.warn({ webhook: id, reason: disabled_reason }, 'webhook disabled: its receiver does not take messages')
      }
    } catch (error) {
      log.warn({ err: error, message: told.id }, 'the outcome of a delivery could not be written; it is sent again')
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
  }

  return {
    /** Messages were written, or a webhook was enabled. */
    lookNow: loop.lookNow,
    stop: () => (stopping ??= stop())
  }
}
