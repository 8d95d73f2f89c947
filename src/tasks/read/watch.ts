import type { Database } from '#database/connect.ts'
import { gatherReads } from './gathered-reads.ts'
import { type Watcher, type WatchersByTask, watchersByTask } from './watchers.ts'
import { type WatcherOfAll, type WatchersOfAll, watchersOfAll } from './watchers-of-all.ts'

// Milliseconds. Each change is announced by NOTIFY; this poll is for a lost notification.
const backstop = 5_000

/**
 * The watchers of tasks in this process. Its one LISTEN connection reports changes, and each change is read from the
 * database once for all watchers: a thousand watchers of one task cost one row.
 */
export function watchTasks(db: Database) {
  const watchers = watchersByTask()
  const ofAll = watchersOfAll(db)
  const looks = lookFor(watchers, ofAll, db)
  const timer = setInterval(() => {
    looks.atWatched()
    ofAll.mark()
  }, backstop).unref()

  return {
    /** Takes a message of the channel `changed`. */
    hear(payload: string) {
      for (const id of payload.split(',')) looks.at(id, true)
    },

    /** After a reconnect, notifications may be missing: rereads every watched task. */
    lookAgain() {
      looks.atWatched()
      void looks.atMissed()
    },

    /** Reports the task's present state soon, and then each change. Returns a function that stops it. */
    watch(anyCase: string, watcher: Watcher): () => void {
      const id = anyCase.toLowerCase()
      // Watches before it reads, so that no change in between is missed.
      const stop = watchers.add(id, watcher, looks.nextQuery())
      looks.at(id, false)
      return stop
    },

    /** Reports every change of every task that the watcher wants, from now on. */
    watchAll(watcher: WatcherOfAll): () => void {
      ofAll.add(watcher)
      return () => {
        ofAll.remove(watcher)
        if (ofAll.count() === 0) looks.dropLater()
      }
    },

    /** The number of watchers. */
    count: () => watchers.count() + ofAll.count(),

    close() {
      clearInterval(timer)
      looks.close()
      ofAll.close()
    }
  }
}

export type Watching = ReturnType<typeof watchTasks>

/** Reads what is watched, and tells the watchers. */
function lookFor(watchers: WatchersByTask, ofAll: WatchersOfAll, db: Database) {
  const { close, dropLater, ...reads } = gatherReads(db, ({ asked, found, query }) => {
    for (const [id, announced] of asked) {
      if (!found) {
        at(id, announced)
        continue
      }
      const task = found.get(id)
      watchers.tell(id, task, query)
      if (task && announced) ofAll.tell(task)
    }
  })

  function at(id: string, announced: boolean) {
    if (watchers.has(id)) reads.add(id, announced)
    else if (announced && ofAll.want(id) && !reads.addLater(id)) ofAll.lose()
  }

  return {
    at,

    atWatched() {
      for (const id of watchers.ids()) at(id, false)
    },

    async atMissed() {
      const missed = await ofAll.findMissed()
      for (const id of missed ?? []) at(id, true)
      if (missed) return
      dropLater()
      ofAll.lose()
    },

    nextQuery: reads.next,
    dropLater,
    close
  }
}
