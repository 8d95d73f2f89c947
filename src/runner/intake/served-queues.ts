import type { Database } from '#database/connect.ts'
import { listQueueNames } from '#queue/names.ts'

interface Needs {
  db: Database
  /** The queues that it was told to serve; none: all there are. */
  told: string[] | undefined
  worker(): string
  onMore(): void
}

/** The queues that a worker takes from. One that serves all serves those too that came after it. */
export async function servedQueues({ db, told, worker, onMore }: Needs) {
  let names = told ?? (await listQueueNames(db))

  return {
    get names() {
      return names
    },
    includes: (name: string) => names.includes(name),
    /** There may be some that we have not heard of. */
    async lookAgain() {
      if (told) return
      const all = await listQueueNames(db)
      if (all.every(name => names.includes(name))) return
      names = all
      await db.query.updateTable('workers').set({ queues: names }).where('id', '=', worker()).execute()
      onMore()
    }
  }
}
