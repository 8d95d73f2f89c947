import { sql } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import { after, page, place } from '#database/page.ts'
import type { NewVideo, Rendition } from '#database/tables.ts'
import type { Made } from '#media/develop.ts'
import type { Skipped } from '#media/plan/ladder.ts'
import { rungs } from '#media/plan/rungs.ts'
import type { Probe } from '#media/probe/probed.ts'

/** With its three rungs, so that whoever asks before the work begins is told what is to come. */
export async function insertVideo(trx: InTransaction, video: NewVideo) {
  await trx.insertInto('videos').values(video).execute()
  await trx
    .insertInto('renditions')
    .values(rungs.map(({ name }) => ({ video_id: video.id, name })))
    .execute()
}

/** A video with what its task says. */
function videosWithTasks({ query }: Pick<Database, 'query'>) {
  return query
    .selectFrom('videos as v')
    .leftJoin('tasks as t', 't.id', 'v.task_id')
    .selectAll('v')
    .select([
      't.state as task_state',
      't.progress as task_progress',
      't.error as task_error',
      place('v.created_at').as('place')
    ])
}

export type VideoRow = Awaited<ReturnType<ReturnType<typeof videosWithTasks>['executeTakeFirstOrThrow']>>

export function findVideo(db: Database, id: string): Promise<VideoRow | undefined> {
  return videosWithTasks(db).where('v.id', '=', id).executeTakeFirst()
}

export async function listVideos(db: Database, { limit = 50, cursor }: { limit?: number; cursor?: string }) {
  const rows = await videosWithTasks(db)
    .$if(cursor !== undefined, query => query.where(after({ at: 'v.created_at', id: 'v.id' }, cursor!)))
    .orderBy('v.created_at', 'desc')
    .orderBy('v.id', 'desc')
    .limit(limit + 1)
    .execute()
  return page(rows, limit)
}

export async function listRenditions({ query }: Database, videos: string[]): Promise<Rendition[]> {
  if (videos.length === 0) return []
  return query.selectFrom('renditions').selectAll().where('video_id', 'in', videos).execute()
}

export async function isThere(trx: InTransaction, id: string) {
  return (await trx.selectFrom('videos').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
}

export function lockVideo(trx: InTransaction, id: string) {
  return trx.selectFrom('videos').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

/** The task that is at work on a video, or is going to be. */
export function findOpenTasks(trx: InTransaction, video: string) {
  return trx
    .selectFrom('tasks')
    .select(['id', 'task', 'state'])
    .where('video_id', '=', video)
    .where('finished_at', 'is', null)
    .orderBy('created_at', 'desc')
    .execute()
}

/** Another task is going to make its prints; the ones there are stay, and it with them ready, however that task ends. */
export async function reopenVideo(trx: InTransaction, id: string, task: string) {
  await trx
    .updateTable('videos')
    .set({ status: sql`case when status = 'ready' then status else 'uploaded' end`, task_id: task, error: null })
    .where('id', '=', id)
    .execute()
}

/** What a video reads off its task is its own once that task is forgotten. */
export async function keepFailures(
  trx: InTransaction,
  ended: { id: string; error: unknown; video_id: string | null }[]
) {
  await sql`
    update darkroom.videos v set status = 'failed', error = ended.error
    from jsonb_to_recordset(${JSON.stringify(ended)}::jsonb) as ended (id uuid, error jsonb, video_id uuid)
    where v.id = ended.video_id and v.task_id = ended.id and v.status = 'uploaded'
  `.execute(trx)
}

export async function deleteVideo(trx: InTransaction, id: string) {
  await trx.deleteFrom('videos').where('id', '=', id).execute()
}

interface Prints {
  video: string
  task: string
  prints: string
  renditions: Made[]
  skipped: Skipped[]
  probe: Probe
}

/** What a finished task has made replaces what was there. False when the video is gone. */
export async function recordPrints(trx: InTransaction, { video, prints, renditions, skipped, probe }: Prints) {
  const { numUpdatedRows } = await trx
    .updateTable('videos')
    .set({ status: 'ready', probe: JSON.stringify(probe), error: null, ready_at: sql`now()` })
    .where('id', '=', video)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) return false

  await trx.deleteFrom('renditions').where('video_id', '=', video).execute()
  await trx
    .insertInto('renditions')
    .values([
      ...renditions.map(({ name, file, width, height, bytes, bitrate, codec, duration }) => ({
        video_id: video,
        name,
        status: 'ready' as const,
        width,
        height,
        bytes,
        bitrate: Math.round(bitrate),
        codec,
        duration,
        storage_key: `${prints}/${file}`
      })),
      // Sound alone has no rungs to speak of.
      ...skipped
        .filter(({ reason }) => reason !== 'no_video')
        .map(({ name, reason }) => ({ video_id: video, name, status: 'skipped' as const, reason }))
    ])
    .execute()
  return true
}
