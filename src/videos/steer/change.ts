import { CompiledQuery } from 'kysely'
import { type Static, Type } from 'typebox'
import { maySee } from '#access/principal.ts'
import { type By, recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import type { Playback } from '#database/tables.ts'
import { VideoNotFound } from '#errors.ts'
import { checkOf, refuse } from '#schema/check.ts'
import { isUuid, Nullable } from '#schema/common.ts'
import { lockFilm } from '../queries.ts'

const meaning =
  '`public`: prints, streams and pictures need no key; `signed`: a key or a signed link, where keys are needed; null: as the setting `PLAYBACK` says'

export const FilmPlayback = Type.Enum(['public', 'signed'] as const, { description: meaning })

export const VideoChange = Type.Object(
  { playback: Nullable(FilmPlayback) },
  { additionalProperties: false, examples: [{ playback: 'public' }] }
)
export type VideoChange = Static<typeof VideoChange>

/** What an upload says of it, in a field of a form or of the metadata; an empty one counts as absent. */
export function playbackIn(text: string | undefined): Playback | undefined {
  if (text === undefined || text === '') return undefined
  const problems = checkOf(VideoChange)({ playback: text })
  if (problems.length > 0) throw refuse(problems)
  return text as Playback
}

export const setPlaybackSql = `
select from darkroom.set_playback($1, $2)`

/** Changes for whom a film is. */
export async function changeVideo({ query }: Database, id: string, change: VideoChange, by: By) {
  if (!isUuid(id)) throw new VideoNotFound(id)
  await query.transaction().execute(async trx => {
    const film = await lockFilm(trx, id)
    if (!film || !maySee(by.principal, film.owner)) throw new VideoNotFound(id)
    await trx.executeQuery(CompiledQuery.raw(setPlaybackSql, [id, change.playback]))
    await recordAct(trx, by, 'video.change', { type: 'video', id: film.id }, change)
  })
}
