import type { Database } from '#database/connect.ts'
import { transact } from '#database/transact.ts'
import type { Voice } from '#tasks/voice.ts'
import { revokeWaiting } from './queries.ts'

// Transactions stay short, so that their locks on the queue's rows delay no worker for long.
const batch = 1_000

/** Revokes every waiting task of a queue; returns their number. */
export async function purgeQueue({ db, voice }: { db: Database; voice: Voice }, name: string): Promise<number> {
  for (let count = 0; ; ) {
    // Another purge may be moving the same delayed task at this moment; the batch is then retried.
    const ids = await transact(db, trx => revokeWaiting(trx, name, batch))
    voice.changed(...ids)
    count += ids.length
    if (ids.length < batch) return count
  }
}
