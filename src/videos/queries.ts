import { sql } from 'kysely'
import { v7 as uuid } from 'uuid'
import { maySee, type Principal } from '#access/principal.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import type { NewExtra, NewFilm, NewPrint, Rendition } from '#database/tables.ts'
import { VideoNotFound } from '#errors.ts'
import type { Made } from '#media/develop.ts'
import type { Extra } from '#media/extras/extra.ts'
import type { Skipped } from '#media/plan/ladder.ts'
import type { Probe } from '#media/probe/probed.ts'
import { isUuid } from '#schema/common.ts'

// Facts are written to films, print_sets and prints; everything is read from the views videos and renditions, which
// say the same to a DBA as to HTTP.

export async function insertFilm(trx: InTransaction, film: NewFilm) {
  await trx.insertInto('films').values(film).execute()
}

export function selectVideos({ query }: Pick<Database, 'query'>) {
  return query.selectFrom('videos as v').selectAll('v')
}

export type VideoRow = Awaited<ReturnType<ReturnType<typeof selectVideos>['executeTakeFirstOrThrow']>>

export function findVideo(db: Database, id: string): Promise<VideoRow | undefined> {
  return selectVideos(db).where('v.id', '=', id).executeTakeFirst()
}

export async function findVideos(db: Database, ids: string[]): Promise<VideoRow[]> {
  if (ids.length === 0) return []
  return selectVideos(db).where('v.id', 'in', ids).execute()
}

export async function listRenditions({ query }: Database, videos: string[]): Promise<Rendition[]> {
  if (videos.length === 0) return []
  return query.selectFrom('renditions').selectAll().where('video_id', 'in', videos).execute()
}

export interface ServedExtra {
  video_id: string
  name: string
  language: string | null
  storage_key: string
}

/** Pictures and subtitles of the served print sets; those with a language are subtitles. */
export async function listExtras({ query }: Database, videos: string[]): Promise<ServedExtra[]> {
  if (videos.length === 0) return []
  return query
    .selectFrom('films as f')
    .innerJoin('extras as e', 'e.set_id', 'f.print_set_id')
    .select(['f.id as video_id', 'e.name', 'e.language', 'e.storage_key'])
    .where('f.id', 'in', videos)
    .execute()
}

/** Whose stream is served of each of these videos that has one. */
export async function listStreams({ query }: Database, videos: string[]) {
  if (videos.length === 0) return []
  return query.selectFrom('streams').selectAll().where('video_id', 'in', videos).execute()
}

export type StreamRow = Awaited<ReturnType<typeof listStreams>>[number]

/** Everything that is served of these videos. */
export async function listFiles(db: Database, videos: string[]) {
  const [renditions, extras, streams] = await Promise.all([
    listRenditions(db, videos),
    listExtras(db, videos),
    listStreams(db, videos)
  ])
  return { renditions, extras, streams }
}

export type VideoFiles = Awaited<ReturnType<typeof listFiles>>

export async function isThere(trx: InTransaction, id: string) {
  return (await trx.selectFrom('films').select('id').where('id', '=', id).executeTakeFirst()) !== undefined
}

export function lockFilm(trx: InTransaction, id: string) {
  return trx.selectFrom('films').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

/** Every open task about a video, of whatever kind. */
export function findOpenTasks(trx: InTransaction, video: string) {
  return trx
    .selectFrom('tasks')
    .select(['id', 'task', 'state'])
    .where('video_id', '=', video)
    .where('finished_at', 'is', null)
    .orderBy('created_at', 'desc')
    .execute()
}

/** Sets the task that was submitted last. The served prints stay until that task has recorded its own. */
export async function setTask(trx: InTransaction, id: string, task: string) {
  await trx.updateTable('films').set({ task_id: task, error: null }).where('id', '=', id).execute()
}

/** The view takes an error from the film's task. Before that task is forgotten, the film gets a copy. */
export async function keepFailures(
  trx: InTransaction,
  ended: { id: string; error: unknown; video_id: string | null }[]
) {
  await sql`
    update darkroom.films f set error = ended.error
    from jsonb_to_recordset(${JSON.stringify(ended)}::jsonb) as ended (id uuid, error jsonb, video_id uuid)
    where f.id = ended.video_id and f.task_id = ended.id and f.print_set_id is null
  `.execute(trx)
}

export interface PrintsOf {
  video_id: string
  task_id: string
  attempt: number
}

/** A film of another key does not exist for one that sees only its own. For all other keys this costs nothing. */
export async function mustSeeVideo({ query }: Database, principal: Principal, id: string) {
  if (!principal.ownOnly || !isUuid(id)) return
  const film = await query.selectFrom('films').select('owner').where('id', '=', id).executeTakeFirst()
  if (!film || !maySee(principal, film.owner)) throw new VideoNotFound(id)
}

/** A film that the principal may see. */
export async function mustFindVideo(db: Database, principal: Principal, id: string): Promise<VideoRow> {
  const video = isUuid(id) ? await findVideo(db, id) : undefined
  if (!video || !maySee(principal, video.owner)) throw new VideoNotFound(id)
  return video
}

/** The served prints of the newest film with these bytes. */
export async function findPrintsOf({ query }: Database, { sha256, bytes }: { sha256: string; bytes: number }) {
  const found: PrintsOf | undefined = await query
    .selectFrom('films as f')
    .innerJoin('print_sets as s', 's.id', 'f.print_set_id')
    .select(['s.video_id', 's.task_id', 's.attempt'])
    .where('f.sha256', '=', sha256)
    .where('f.bytes', '=', bytes)
    .orderBy('f.created_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return found
}

/** Whose prints a film has. */
export function findOwnSet(trx: InTransaction, id: string) {
  return trx
    .selectFrom('films as f')
    .innerJoin('print_sets as s', 's.id', 'f.print_set_id')
    .select(['s.task_id', 's.attempt'])
    .where('f.id', '=', id)
    .executeTakeFirst()
}

/** Of the prints that a film has. */
export async function findPrintNames(trx: InTransaction, id: string): Promise<string[]> {
  const found = await trx
    .selectFrom('films as f')
    .innerJoin('prints as p', 'p.set_id', 'f.print_set_id')
    .select('p.name')
    .where('f.id', '=', id)
    .where('p.status', '=', 'ready')
    .execute()
  return found.map(({ name }) => name)
}

export function deleteFilm(trx: InTransaction, id: string) {
  return trx.deleteFrom('films').where('id', '=', id).returning(['filename', 'bytes', 'sha256']).executeTakeFirst()
}

interface NewPrintSet {
  video: string
  task: string
  attempt: number
  /** Where its files are. */
  folder: string
  renditions: Made[]
  skipped: Skipped[]
  extras: Extra[]
  probe: Probe
  hls: boolean
}

export interface Replaced {
  task: string
  attempt: number
}

/**
 * Makes the prints of an attempt the film's current print set, and deletes the rows of the set that it replaces.
 * Returns that set: its files are to be removed after the commit, and no others. `gone` if the film was deleted
 * meanwhile.
 */
export async function recordPrintSet(trx: InTransaction, made: NewPrintSet): Promise<Replaced | 'gone' | undefined> {
  const { video, task, attempt, probe, hls } = made
  const film = await lockFilm(trx, video)
  if (!film) return 'gone'

  const set = uuid()
  await trx
    .insertInto('print_sets')
    .values({ id: set, video_id: video, task_id: task, attempt, probe: JSON.stringify(probe), hls })
    .execute()
  const prints = printsOfSet(set, made)
  if (prints.length > 0) await trx.insertInto('prints').values(prints).execute()
  const extras = extrasOfSet(set, made)
  if (extras.length > 0) await trx.insertInto('extras').values(extras).execute()
  await trx
    .updateTable('films')
    .set({ print_set_id: set, task_id: task, error: null })
    .where('id', '=', video)
    .execute()
  if (film.print_set_id === null) return undefined
  return trx
    .deleteFrom('print_sets')
    .where('id', '=', film.print_set_id)
    .returning(['task_id as task', 'attempt'])
    .executeTakeFirst()
}

function printsOfSet(set: string, { folder, renditions, skipped }: NewPrintSet): NewPrint[] {
  return [
    ...renditions.map(({ name, file, width, height, bytes, bitrate, codec, duration, copied }) => ({
      set_id: set,
      name,
      status: 'ready' as const,
      reason: copied ? 'copied' : null,
      width,
      height,
      bytes,
      bitrate: Math.round(bitrate),
      codec,
      duration,
      storage_key: `${folder}/${file}`
    })),
    // A film of sound alone has no rungs that could be skipped.
    ...skipped
      .filter(({ reason }) => reason !== 'no_video')
      .map(({ name, reason }) => ({ set_id: set, name, status: 'skipped' as const, reason }))
  ]
}

function extrasOfSet(set: string, { folder, extras }: NewPrintSet): NewExtra[] {
  return extras.map(extra => ({ set_id: set, ...extra, storage_key: `${folder}/${extra.name}` }))
}
