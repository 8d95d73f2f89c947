import type { Database, InTransaction } from '#database/connect.ts'
import { type Answer, type Key, once } from '#idempotency/once.ts'
import type { Voice } from '#tasks/voice.ts'
import type { Enqueued } from './enqueue.ts'

interface OnceNeeds {
  db: Database
  voice: Voice
}

/** Tasks and the answer in one transaction, once per key; the workers are woken after its commit. */
export async function enqueueOnce(
  { db, voice }: OnceNeeds,
  key: Key | undefined,
  make: (trx: InTransaction) => Promise<{ enqueued: Enqueued[]; answer: Answer }>
) {
  let made: Enqueued[] = []
  const outcome = await once(db, key, async trx => {
    const { enqueued, answer } = await make(trx)
    made = enqueued
    return answer
  })
  if (!outcome.replayed) voice.enqueued(made)
  return outcome
}
