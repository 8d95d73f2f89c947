import type { Message, Room } from './claim.ts'
import { Endpoint, type Held, usualSlots } from './endpoint.ts'
import type { Told } from './send.ts'

interface LinesOptions {
  /** Messages that are held here, with those that are sent. */
  mostHeld: number
  /** Messages that are sent at a time. */
  mostRunning: number
  /** Milliseconds. What has waited longer is left to its lease. */
  longestWait: number
}

/** A message that is to be sent now. */
export interface Next {
  endpoint: Endpoint
  message: Message
}

/** The messages that a worker holds: a line for each webhook, of which each gets its turn. */
export class Lines {
  readonly #options: LinesOptions
  readonly #endpoints = new Map<string, Endpoint>()
  /** Those that have a message and may send it, the next one first. */
  readonly #ready = new Set<Endpoint>()
  #held = 0
  #running = 0
  #noneRuns: PromiseWithResolvers<void> | undefined

  constructor(options: LinesOptions) {
    this.#options = options
  }

  get room(): Room {
    const slots = new Map([...this.#endpoints].map(([id, endpoint]) => [id, endpoint.slots]))
    return { slots, usual: usualSlots, most: this.#options.mostHeld - this.#held }
  }

  /** Messages of a claim that had this room. */
  put(messages: Message[], room: Room) {
    const since = performance.now()
    const taken = new Map<string, number>()
    for (const message of messages) {
      const { webhook_id: id } = message
      const endpoint = this.#endpoints.get(id) ?? new Endpoint()
      this.#endpoints.set(id, endpoint)
      endpoint.line.push({ message, since })
      this.#mark(endpoint)
      taken.set(id, (taken.get(id) ?? 0) + 1)
    }
    this.#held += messages.length
    for (const [id, endpoint] of this.#endpoints) {
      const free = room.slots.get(id) ?? room.usual
      endpoint.hasMore = messages.length === room.most || (taken.get(id) ?? 0) === free
    }
  }

  /** The next one to send, of one webhook after the other: none keeps the others waiting. */
  next(): Next | undefined {
    while (this.#running < this.#options.mostRunning) {
      const [endpoint] = this.#ready
      if (!endpoint) return
      const { message, since } = endpoint.line.shift()!
      const isLate = performance.now() - since > this.#options.longestWait
      if (isLate) this.#held--
      else {
        this.#running++
        endpoint.running++
      }
      this.#ready.delete(endpoint)
      this.#mark(endpoint)
      if (!isLate) return { endpoint, message }
    }
  }

  /** Nothing told: this worker has cut it off. */
  ended(endpoint: Endpoint, id: string, told: Told | undefined) {
    this.#held--
    this.#running--
    endpoint.running--
    if (told) endpoint.learn(told)
    this.#mark(endpoint)
    if (endpoint.isIdle && this.#endpoints.size > this.#options.mostHeld) this.#endpoints.delete(id)
    if (this.#running === 0) this.#noneRuns?.resolve()
  }

  /** Until none is sent any more. */
  async allEnded() {
    if (this.#running === 0) return
    this.#noneRuns ??= Promise.withResolvers()
    await this.#noneRuns.promise
  }

  /** Takes out what is not sent yet. */
  empty(): Message[] {
    const left = [...this.#endpoints.values()].flatMap(({ line }) => line.splice(0))
    this.#ready.clear()
    this.#held -= left.length
    return left.map(({ message }: Held) => message)
  }

  #mark(endpoint: Endpoint) {
    if (endpoint.hasRoom) this.#ready.add(endpoint)
    else this.#ready.delete(endpoint)
  }
}
