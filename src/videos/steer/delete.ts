import type { FastifyBaseLogger } from 'fastify'
import { type By, recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import { transact } from '#database/transact.ts'
import { VideoNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import type { Store } from '#storage/store.ts'
import { waitUntilFinished } from '#tasks/read/wait.ts'
import type { Watching } from '#tasks/read/watch.ts'
import { type CancelRequest, requestCancel, revoke } from '#tasks/steer/cancel.ts'
import type { Voice } from '#tasks/voice.ts'
import { prefixOf } from '../keys.ts'
import { deleteFilm, findOpenTasks, isThere, lockFilm } from '../queries.ts'

export interface RemoveNeeds {
  db: Database
  store: Store
  voice: Voice
  watching: Watching
}

// Seconds. A worker that is alive confirms within 1.5 s; a dead one is fenced off, and `sweep` removes its files.
const patience = 5

/**
 * Cancels the video's open tasks, waits until they have ended, then removes rows first and files second. Jobs are
 * locked first and the film last, as where a print set is recorded: the other way round is a deadlock.
 */
export async function removeVideo(
  { db, store, voice, watching }: RemoveNeeds,
  id: string,
  by: By,
  log: FastifyBaseLogger
) {
  if (!isUuid(id)) throw new VideoNotFound(id)

  const cancelled = await transact(db, async trx => {
    if (!(await isThere(trx, id))) throw new VideoNotFound(id)
    const requests: CancelRequest[] = []
    // Oldest first: the task of a film that is made in parts cancels them, in the order in which locks are taken.
    for (const task of (await findOpenTasks(trx, id)).toReversed()) {
      const request = await requestCancel(trx, task.id)
      if (!request) continue
      await recordAct(trx, by, 'task.cancel', { type: 'task', id: task.id }, { video_id: id })
      requests.push(request)
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
    await lockFilm(trx, id)
    // Tasks that were submitted while this waited for the film's lock. From here on there are no more.
    const last = (await findOpenTasks(trx, id)).filter(({ id }) => left.every(task => task.id !== id))
    for (const task of last) await revoke(trx, task.id)
    const film = await deleteFilm(trx, id)
    if (film) await recordAct(trx, by, 'video.delete', { type: 'video', id }, film)
    return [...left, ...last].map(task => task.id)
  })
  voice.changed(...late)
  voice.cancel(...late)
  // Not an error for the client: the video is gone, and a second DELETE would not find it.
  await store.remove(prefixOf(id)).catch(error => {
    log.warn({ err: error, video: id }, 'the files of a deleted video could not be removed; sweep will')
  })
}
