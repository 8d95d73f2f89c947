import type { Database } from '#database/connect.ts'
import { transact } from '#database/transact.ts'
import { VideoNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import type { Storage } from '#storage/disk.ts'
import { type Watching, waitUntilFinished } from '#tasks/read/watch.ts'
import { type CancelRequest, requestCancel, revoke } from '#tasks/steer/cancel.ts'
import type { Voice } from '#tasks/voice.ts'
import { folderOf } from './keys.ts'
import { deleteVideo, findOpenTasks, isThere, lockVideo } from './queries.ts'

interface Needs {
  db: Database
  storage: Storage
  voice: Voice
  watching: Watching
}

// A worker that lives confirms within 1.5 s; one that does not is fenced off and its files are swept.
const patience = 5

/**
 * Cancels what is at work on the video, waits until it is gone, then removes rows first and bytes second. Jobs are
 * locked first and the video last, as where a task's prints are recorded: the other way round, each would wait for
 * the other.
 */
export async function removeVideo({ db, storage, voice, watching }: Needs, id: string) {
  if (!isUuid(id)) throw new VideoNotFound(id)

  const cancelled = await transact(db, async trx => {
    if (!(await isThere(trx, id))) throw new VideoNotFound(id)
    const requests: CancelRequest[] = []
    for (const task of await findOpenTasks(trx, id)) {
      const request = await requestCancel(trx, task.id)
      if (request) requests.push(request)
    }
    return requests
  })
  const running = cancelled.filter(({ state }) => state === 'STARTED').map(task => task.id)
  voice.changed(...cancelled.map(task => task.id))
  voice.cancel(...running)
  await Promise.all(running.map(task => waitUntilFinished(watching, task, patience)))

  const late = await transact(db, async trx => {
    const left = await findOpenTasks(trx, id)
    for (const task of left) await revoke(trx, task.id)
    await lockVideo(trx, id)
    // One that was put in while we waited for the video. From here on there are no more.
    const last = (await findOpenTasks(trx, id)).filter(({ id }) => left.every(task => task.id !== id))
    for (const task of last) await revoke(trx, task.id)
    await deleteVideo(trx, id)
    return [...left, ...last].map(task => task.id)
  })
  voice.changed(...late)
  voice.cancel(...late)
  await storage.remove(folderOf(id))
}
