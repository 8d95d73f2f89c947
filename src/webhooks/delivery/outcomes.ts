import { gather } from '#database/batching.ts'
import type { Database } from '#database/connect.ts'
import type { Message } from './claim.ts'
import type { Told } from './send.ts'
import { settleMessages } from './settle.ts'

interface OutcomesOptions {
  db: Database
  lease: string
  warn(details: object, text: string): void
  /** Some of which another message waits for were written. */
  moved(): void
}

// Outcomes in a statement.
const most = 200
// Milliseconds that an outcome waits for others, at most: a kill within them sends their messages again.
const longestGather = 50

/** Writes outcomes, many in a statement. What cannot be written is sent again after its lease, under the same id. */
export class Outcomes {
  readonly #options: OutcomesOptions
  #waiting: { told: Told; message: Message }[] = []
  #writing: Promise<void> | undefined

  constructor(options: OutcomesOptions) {
    this.#options = options
  }

  add(message: Message, told: Told) {
    this.#waiting.push({ message, told })
    this.#writing ??= this.#write()
  }

  /** Until all are written. */
  async end() {
    await this.#writing
  }

  async #write() {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, most)
      await this.#settle(batch.map(({ told }) => told))
      if (batch.some(({ message }) => message.ordered)) this.#options.moved()
      await gather(batch.length, longestGather)
    }
    this.#writing = undefined
  }

  async #settle(told: Told[]) {
    const { db, lease, warn } = this.#options
    try {
      for (const { id, disabled_reason } of await settleMessages(db, lease, told)) {
        warn({ webhook: id, reason: disabled_reason }, 'webhook disabled: its receiver does not take messages')
      }
    } catch (error) {
      const messages = told.map(({ id }) => id)
      warn({ err: error, messages }, 'outcomes of deliveries could not be written; their messages are sent again')
    }
  }
}
