import type { Database } from '#database/connect.ts'
import { transact } from '#database/transact.ts'
import type { Voice } from '#tasks/voice.ts'
import { revokeWaiting } from './queries.ts'

// Short transactions: workers go on taking from other queues meanwhile.
const batch = 1_000

/** Revokes everything that waits in a queue; answers how much that was. */
export async function purgeQueue({ db, voice }: { db: Database; voice: Voice }, name: string): Promise<number> {
  for (let count = 0; ; ) {
    // A delayed task that another purge is taking home at this moment cannot be locked: that batch is begun anew.
    const ids = await transact(db, trx => revokeWaiting(trx, name, batch))
    voice.changed(...ids)
    count += ids.length
    if (ids.length < batch) return count
  }
}
