import type { Pool } from 'pg'
import { isOutage } from '#database/outage.ts'
import { type Enqueued, enqueue, type NewTask } from './enqueue.ts'
import type { Voice } from './voice.ts'

export type Submit = (task: NewTask) => Promise<Enqueued>

interface Waiting {
  task: NewTask
  resolve(enqueued: Enqueued): void
  reject(error: unknown): void
}

// One statement on its way for each; a second one keeps the database busy while the first commits.
const lanes = 2
const largestBatch = 500

/**
 * Tasks that arrive together share a transaction and its commit, and each is answered only when its own row is
 * durable. Nothing is held back for it: what comes while a batch is on its way goes with the next.
 */
export function submitter(pool: Pool, voice: Voice): Submit {
  let waiting: Waiting[] = []
  let flying = 0

  async function fly() {
    flying++
    while (waiting.length > 0) {
      const batch = waiting.slice(0, largestBatch)
      waiting = waiting.slice(largestBatch)
      await write(batch)
    }
    flying--
  }

  async function write(batch: Waiting[]) {
    try {
      const enqueued = await enqueue(
        pool,
        batch.map(({ task }) => task)
      )
      const byId = new Map(enqueued.map(each => [each.id, each]))
      for (const { task, resolve } of batch) resolve(byId.get(task.id)!)
      voice.enqueued(enqueued)
    } catch (error) {
      if (batch.length === 1 || isOutage(error)) {
        for (const { reject } of batch) reject(error)
        return
      }
      // One of them is at fault, or none: each finds out for itself.
      for (const each of batch) await write([each])
    }
  }

  return task =>
    new Promise((resolve, reject) => {
      waiting.push({ task, resolve, reject })
      if (flying < lanes) void fly()
    })
}
