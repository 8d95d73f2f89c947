import { type By, recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import { transact } from '#database/transact.ts'
import type { Voice } from '#tasks/voice.ts'
import { countWaiting, revokeWaiting } from './queries.ts'

// Transactions stay short, so that their locks on the queue's rows delay no worker for long.
const batch = 1_000

/** Revokes every waiting task of a queue; returns their number. */
export async function purgeQueue({ db, voice }: { db: Database; voice: Voice }, name: string, by: By): Promise<number> {
  for (let count = 0, first = true; ; first = false) {
    // Another purge may be moving the same delayed task at this moment; the batch is then retried.
    const ids = await transact(db, async trx => {
      // The line is of the act, and so with its first batch: a purge that breaks off has one, too.
      const waiting = first ? await countWaiting(trx, name) : 0
      if (first) await recordAct(trx, by, 'queue.purge', { type: 'queue', id: name }, { waiting })
      return revokeWaiting(trx, name, batch)
    })
    voice.changed(...ids)
    count += ids.length
    if (ids.length < batch) return count
  }
}
