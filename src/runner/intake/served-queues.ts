import type { Database } from '#database/connect.ts'
import { listQueueNames } from '#queue/names.ts'

interface ServedQueuesOptions {
  db: Database
  /** Queues from the worker's settings; undefined: all queues. */
  told: string[] | undefined
  worker: { readonly id: string }
}

/** The queues that a worker serves. One that serves all also serves queues that are created later. */
export async function servedQueues({ db, told, worker }: ServedQueuesOptions) {
  let names = told ?? (await listQueueNames(db))

  return {
    get names() {
      return names
    },
    includes: (name: string) => names.includes(name),
    /** Whether there are new queues. */
    async lookAgain(): Promise<boolean> {
      if (told) return false
      const all = await listQueueNames(db)
      if (all.every(name => names.includes(name))) return false
      names = all
      await db.query.updateTable('workers').set({ queues: names }).where('id', '=', worker.id).execute()
      return true
    }
  }
}
