import { CompiledQuery } from 'kysely'
import { type By, recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import { VideoNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'

/** What decides about a link. An unknown film has an answer, too: only a right link learns that there is none. */
export interface Playback {
  known: boolean
  /** Null without such a film. */
  epoch: number | null
  /** Seconds; null while it is unknown. */
  duration: number | null
}

export const findPlaybackSql = `
select
  $2::text = '0' or exists (select from darkroom.signing_keys k where k.kid = $2 and k.retired_at is null) as known,
  f.playback_epoch as epoch,
  (select max(p.duration)::float8 from darkroom.prints p where p.set_id = f.print_set_id) as duration
from (values (1)) one left join darkroom.films f on f.id = $1`

export async function findPlayback({ pool }: Database, id: string, kid: string): Promise<Playback> {
  const values = [isUuid(id) ? id : null, kid]
  return (await pool.query<Playback>({ name: 'find playback', text: findPlaybackSql, values })).rows[0]!
}

export const revokePlaybackSql = `
update darkroom.films set playback_epoch = playback_epoch + 1 where id = $1
returning playback_epoch as epoch`

/** No link that was made before is valid any more. Returns the number that later ones are signed with. */
export async function revokePlayback({ query }: Database, id: string, by: By): Promise<number> {
  if (!isUuid(id)) throw new VideoNotFound(id)
  return query.transaction().execute(async trx => {
    const { rows } = await trx.executeQuery<{ epoch: number }>(CompiledQuery.raw(revokePlaybackSql, [id]))
    if (!rows[0]) throw new VideoNotFound(id)
    await recordAct(trx, by, 'playback.revoke', { type: 'video', id })
    return rows[0].epoch
  })
}
