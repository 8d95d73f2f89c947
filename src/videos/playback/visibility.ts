import type { FastifyRequest } from 'fastify'
import type { Config } from '#config.ts'
import type { Database } from '#database/connect.ts'
import type { Playback } from '#database/tables.ts'
import { isUuid } from '#schema/common.ts'

/** Whether what is made of a film is for all: the film says it, or else the setting. */
export type IsPublic = (film: { playback: Playback | null }) => boolean

export function visibilityOf(setting: Config['PLAYBACK']): IsPublic {
  return ({ playback }) => (playback ?? setting) === 'public'
}

export const findFilmPlaybackSql = `
select playback from darkroom.films where id = $1`

/** The scope that a request for a file of a film needs. An unknown film has that of the setting, so it tells nothing. */
export function scopeOfFile({ pool }: Database, isPublic: IsPublic) {
  return async ({ params }: Pick<FastifyRequest, 'params'>) => {
    const { id } = params as { id: string }
    const values = [isUuid(id) ? id : null]
    const { rows } = await pool.query<{ playback: Playback | null }>({
      name: 'find film playback',
      text: findFilmPlaybackSql,
      values
    })
    return isPublic(rows[0] ?? { playback: null }) ? ('public' as const) : ('read' as const)
  }
}
