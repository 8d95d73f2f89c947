import type { Database } from '#database/connect.ts'
import { VideoNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import type { Kind } from '#tasks/define.ts'
import { enqueueIn } from '#tasks/enqueue.ts'
import { newTask, type SubmitDefaults } from '#tasks/submit.ts'
import type { Voice } from '#tasks/voice.ts'
import { findOpenTasks, lockVideo, reopenVideo } from './queries.ts'

interface Needs {
  db: Database
  voice: Voice
  processVideo: Kind
  defaults: SubmitDefaults
}

/** Answers the task that makes the prints: the one that is at it already, where there is one. */
export async function processAgain({ db, voice, processVideo, defaults }: Needs, anyCase: string): Promise<string> {
  if (!isUuid(anyCase)) throw new VideoNotFound(anyCase)
  const id = anyCase.toLowerCase()
  const { task_id, enqueued } = await db.query.transaction().execute(async trx => {
    // Two requests at once take turns at this row; the second finds the first one's task.
    const video = await lockVideo(trx, id)
    if (!video) throw new VideoNotFound(id)

    const open = (await findOpenTasks(trx, id)).find(({ task }) => task === processVideo.name)
    if (open) return { task_id: open.id, enqueued: [] }

    const task = newTask(processVideo, { video_id: id }, defaults, { video_id: id })
    await reopenVideo(trx, id, task.id)
    return { task_id: task.id, enqueued: await enqueueIn(trx, [task]) }
  })
  voice.enqueued(enqueued)
  return task_id
}
