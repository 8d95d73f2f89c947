import type { Database } from '#database/connect.ts'
import { VideoNotFound } from '#errors.ts'
import { type Key, once } from '#idempotency/once.ts'
import { isUuid } from '#schema/common.ts'
import type { Kind } from '#tasks/define.ts'
import { type Enqueued, enqueueIn } from '#tasks/submit/enqueue.ts'
import { newTask, type SubmitDefaults } from '#tasks/submit/prepare.ts'
import type { Voice } from '#tasks/voice.ts'
import { findOpenTasks, lockVideo, reopenVideo } from './queries.ts'

interface Needs {
  db: Database
  voice: Voice
  processVideo: Kind
  defaults: SubmitDefaults
}

/** Answers the task that makes the prints: the one that is at it already, where there is one. */
export async function processAgain(
  { db, voice, processVideo, defaults }: Needs,
  anyCase: string,
  key?: Key
): Promise<string> {
  if (!isUuid(anyCase)) throw new VideoNotFound(anyCase)
  const id = anyCase.toLowerCase()
  let enqueued: Enqueued[] = []
  const { answer } = await once(db, key, async trx => {
    // Two requests at once take turns at this row; the second finds the first one's task.
    const video = await lockVideo(trx, id)
    if (!video) throw new VideoNotFound(id)

    const open = (await findOpenTasks(trx, id)).find(({ task }) => task === processVideo.name)
    if (open) return { status: 202, body: open.id }

    const task = newTask(processVideo, { video_id: id }, defaults, { video_id: id })
    await reopenVideo(trx, id, task.id)
    enqueued = await enqueueIn(trx, [task])
    return { status: 202, body: task.id }
  })
  voice.enqueued(enqueued)
  return answer.body as string
}
