import type { Database } from '#database/connect.ts'
import { VideoNotFound } from '#errors.ts'
import { type Key, once } from '#idempotency/once.ts'
import { isUuid } from '#schema/common.ts'
import type { Kind } from '#tasks/define.ts'
import { type Enqueued, enqueueIn } from '#tasks/enqueue.ts'
import { busyVideo } from '#tasks/one-open.ts'
import { newTask, type SubmitDefaults } from '#tasks/submit.ts'
import type { Voice } from '#tasks/voice.ts'
import { findOpenTasks, lockFilm, setTask } from './queries.ts'

interface Needs {
  db: Database
  voice: Voice
  processVideo: Kind
  defaults: SubmitDefaults
}

// Each time, a task that was submitted by another route must have been committed between our look and our insert.
const mostTries = 5

/** Answers the open task that makes the prints, or a new one where there is none. */
export async function processAgain(needs: Needs, anyCase: string, key?: Key): Promise<string> {
  if (!isUuid(anyCase)) throw new VideoNotFound(anyCase)
  for (let tries = 1; ; tries++) {
    try {
      return await findOrEnqueue(needs, anyCase.toLowerCase(), key)
    } catch (error) {
      if (tries === mostTries || !busyVideo(error)) throw error
    }
  }
}

async function findOrEnqueue({ db, voice, processVideo, defaults }: Needs, id: string, key?: Key) {
  let enqueued: Enqueued[] = []
  const { answer } = await once(db, key, async trx => {
    // Two requests at once take turns at this row; the second finds the first one's task.
    const film = await lockFilm(trx, id)
    if (!film) throw new VideoNotFound(id)

    const open = (await findOpenTasks(trx, id)).find(({ task }) => task === processVideo.name)
    if (open) return { status: 202, body: open.id }

    const task = newTask(processVideo, { video_id: id }, defaults, { video_id: id, name: film.filename })
    await setTask(trx, id, task.id)
    enqueued = await enqueueIn(trx, [task])
    return { status: 202, body: task.id }
  })
  voice.enqueued(enqueued)
  return answer.body as string
}
