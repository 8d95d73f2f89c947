import { refuseBeyond } from '#access/limits.ts'
import { marksOf, maySee } from '#access/principal.ts'
import { type By, recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import { OriginalGone, VideoNotFound } from '#errors.ts'
import { type Key, once } from '#idempotency/once.ts'
import type { Profile } from '#media/plan/profiles.ts'
import { isUuid } from '#schema/common.ts'
import type { Kind } from '#tasks/define.ts'
import { type Enqueued, enqueueIn } from '#tasks/submit/enqueue.ts'
import { busyVideo } from '#tasks/submit/one-open.ts'
import { newTask, type SubmitDefaults } from '#tasks/submit/prepare.ts'
import { mustHaveRoom } from '#tasks/submit/room.ts'
import type { Voice } from '#tasks/voice.ts'
import { findOpenTasks, findOwnSet, lockFilm, setTask } from '../queries.ts'
import { mustKnowPrints, type PrintSettings } from './known-prints.ts'

export interface AgainNeeds extends PrintSettings {
  db: Database
  voice: Voice
  processVideo: Kind
  defaults: SubmitDefaults
}

// Each try fails only if another route's task was committed between our query and our insert.
const mostTries = 5

interface Request {
  by: By
  key?: Key | undefined
  /** Names of the prints to make; all without it. */
  only?: string[] | undefined
  profile?: Profile | undefined
  /** LUFS. */
  loudness?: number | undefined
}

/** Answers the open task that makes the prints, or a new one where there is none. */
export async function processAgain(needs: AgainNeeds, anyCase: string, request: Request): Promise<string> {
  if (!isUuid(anyCase)) throw new VideoNotFound(anyCase)
  for (let tries = 1; ; tries++) {
    try {
      return await findOrEnqueue(needs, anyCase.toLowerCase(), request)
    } catch (error) {
      if (tries === mostTries || !busyVideo(error)) throw error
    }
  }
}

async function findOrEnqueue(
  { db, voice, processVideo, defaults, ...settings }: AgainNeeds,
  id: string,
  { by, key, only, profile, loudness }: Request
) {
  const { principal } = by
  let enqueued: Enqueued[] = []
  const { answer } = await once(db, key, async trx => {
    // Two requests at once take turns at this row; the second finds the first one's task.
    const film = await lockFilm(trx, id)
    if (!film || !maySee(principal, film.owner)) throw new VideoNotFound(id)
    if (only) await mustKnowPrints(trx, id, only, settings)
    if (film.original_expired_at) throw new OriginalGone(id)

    const open = (await findOpenTasks(trx, id)).find(({ task }) => task === processVideo.name)
    const target = { type: 'video', id }
    if (open) {
      await recordAct(trx, by, 'video.process', target, { task_id: open.id, open: true })
      return { status: 202, body: open.id }
    }

    const said = { video_id: id, name: film.filename }
    const beside = only && (await findOwnSet(trx, id))
    const style = { ...(profile && { profile }), ...(loudness !== undefined && { loudness }) }
    const args = { ...(only && { only }), ...(beside && { beside }), ...style }
    const marks = marksOf(principal)
    const request_id = by.requestId!
    const task = { ...newTask(processVideo, { video_id: id, ...args }, defaults, { ...said, ...marks }), request_id }
    refuseBeyond(principal.limits, task)
    await mustHaveRoom(trx, principal, 1)
    await recordAct(trx, by, 'video.process', target, { task_id: task.id, ...(only && { only }), ...style })
    await setTask(trx, id, task.id)
    enqueued = await enqueueIn(trx, [task])
    return { status: 202, body: task.id }
  })
  voice.enqueued(enqueued)
  return answer.body as string
}
