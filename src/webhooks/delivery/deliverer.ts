import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { gather } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import { dueLoop, type Look } from '#database/due-loop.ts'
import type { MessageType } from '#database/tables.ts'
import type { Connections } from '#outbound/connections.ts'
import { claimMessages, giveMessagesBack, leaseLength, type Message, nextDue } from './claim.ts'
import { Lines, type Next } from './lines.ts'
import { Outcomes } from './outcomes.ts'
import { secretsOpener } from './secrets.ts'
import { type SendOptions, send } from './send.ts'
import type { DeliveryRun } from './trace.ts'

interface DelivererOptions {
  db: Database
  connections: Connections
  /** Opens the secrets of webhooks. */
  key: Buffer
  publicUrl: string | undefined
  /** Delivers only these. */
  types?: readonly MessageType[]
  warn(details: object, text: string): void
  /** Tells of each attempt in a trace, where spans are sent. */
  trace?: ((run: DeliveryRun) => void) | undefined
}

// Messages.
const mostRunning = 32
const mostHeld = 512
// Milliseconds. An attempt takes 15 s.
const longestWait = (leaseLength - 35) * 1_000
// Milliseconds that deliveries get to end when the worker stops.
const grace = 5_000
// Seconds. Then a look that finds nothing asks when the next message is due.
const soon = 0.2
// Milliseconds from a claim of many to the next one. Of an ordered webhook the next message is due sooner.
const longestGather = 50
const longestWhenOrdered = 10

/**
 * Delivers messages beside the tasks of a worker. Not as jobs of pg-boss: a message is due again at times of its own, in
 * the order of its subject, a few of a webhook at a time, and its row is needed anyway for deliveries and replays. A job
 * would be a second row to insert, claim, complete and delete for each, in the transaction that ends the task.
 */
export class Deliverer {
  readonly #options: DelivererOptions
  readonly #lines = new Lines({ mostRunning, mostHeld, longestWait })
  readonly #lease = randomUUID()
  readonly #cut = new AbortController()
  readonly #sending: SendOptions
  readonly #outcomes: Outcomes
  readonly #loop: ReturnType<typeof dueLoop>
  #stopping: Promise<void> | undefined
  #hurry = () => {}

  constructor(options: DelivererOptions) {
    const { db, connections, key, publicUrl, trace, warn } = options
    this.#options = options
    this.#sending = { connections, secretOf: secretsOpener(key), publicUrl, signal: this.#cut.signal, trace }
    this.#outcomes = new Outcomes({ db, lease: this.#lease, warn, moved: () => this.lookNow() })
    this.#loop = dueLoop({
      look: () => this.#look(),
      onError: error => warn({ err: error }, 'messages to webhooks could not be claimed')
    })
  }

  /** Messages were written, or a webhook was enabled. */
  lookNow() {
    this.#loop.lookNow()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #look(): Promise<Look> {
    const { db, types } = this.#options
    const { room } = this.#lines
    const messages = room.most > 0 ? await claimMessages(db.pool, { lease: this.#lease, types, ...room }) : []
    this.#lines.put(messages, room)
    if (this.#stopping) await this.#giveBack(this.#lines.empty())
    else this.#start()
    await this.#rest(messages)
    if (messages.length > 0) return { moved: true, next: soon }
    return { moved: false, next: await nextDue(db.pool) }
  }

  /** More come while these are sent: a look for each few of them would be the larger part of the work. */
  async #rest(messages: Message[]) {
    const most = messages.some(({ ordered }) => ordered) ? longestWhenOrdered : longestGather
    const wanted = Promise.withResolvers<void>()
    this.#hurry = wanted.resolve
    await Promise.race([gather(messages.length, most), wanted.promise])
  }

  #start() {
    for (let next = this.#lines.next(); next; next = this.#lines.next()) void this.#deliver(next)
  }

  async #deliver({ endpoint, message }: Next) {
    const told = await send(message, this.#sending)
    if (told) this.#outcomes.add(message, told)
    else await this.#giveBack([message])
    this.#lines.ended(endpoint, message.webhook_id, told)
    if (this.#stopping) return
    // The next one need not wait until this one is written.
    this.#start()
    if (!endpoint.wantsMore) return
    this.lookNow()
    this.#hurry()
  }

  /** What cannot be given back is left to its lease. */
  async #giveBack(messages: Message[]) {
    const ids = messages.map(({ id }) => id)
    await giveMessagesBack(this.#options.db.pool, ids, this.#lease).catch(() => {})
  }

  async #stop() {
    await this.#loop.stop()
    await this.#giveBack(this.#lines.empty())
    await Promise.race([this.#lines.allEnded(), delay(grace, undefined, { ref: false })])
    this.#cut.abort()
    this.#options.connections.close()
    await this.#lines.allEnded()
    await this.#outcomes.end()
  }
}
