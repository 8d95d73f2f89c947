import { Type } from 'typebox'
import type { Store } from '#storage/store.ts'
import { defineTask } from '#tasks/define.ts'
import { batchSize, inBatches, timeLeft } from '#tasks/upkeep/batches.ts'
import { originalOf } from '../keys.ts'

interface ExpireOptions {
  store: Store
  /** Seconds after which a ready film's original may go; undefined: never. */
  originalExpires: number | undefined
}

/**
 * The row says so first: a crash in between leaves a file that the next run removes again, and never a film that
 * promises an original which is gone. A film with an open task still needs its original.
 */
export const expireOriginalsSql = `
with old as (
  select f.id from darkroom.films f
  where f.original_expired_at is null and f.created_at < now() - $1::float8 * interval '1 second'
    and exists (
      select from darkroom.print_sets s
      where s.id = f.print_set_id and s.made_at < now() - $1::float8 * interval '1 second'
    )
    and not exists (
      select from darkroom.tasks t where t.video_id = f.id and t.task = 'process_video' and t.finished_at is null
    )
  order by f.created_at limit ${batchSize} for update of f skip locked
)
update darkroom.films f set original_expired_at = now() from old where f.id = old.id
returning f.id`

/** Marked less than a day ago: their files may have been left by a crash. */
export const findExpiredOriginalsSql = `
select id from darkroom.films where original_expired_at > now() - interval '1 day'`

export function expireOriginals({ store, originalExpires }: ExpireOptions) {
  return defineTask({
    name: 'expire_originals',
    description:
      'Removes the originals of films that have been ready for ORIGINAL_EXPIRES; without that setting, none.',
    schedules: [{ cron: '43 * * * *', timezone: 'UTC', overlap: 'skip', missed: 'once' }],
    pool: 'inline',
    queue: 'low_priority',
    args: Type.Object({}, { additionalProperties: false }),

    async run(_, { db, signal }) {
      if (originalExpires === undefined) return { originals: 0 }
      const { rows: left } = await db.pool.query<{ id: string }>(findExpiredOriginalsSql)
      for (const { id } of left) await store.remove(originalOf(id))
      const originals = await inBatches(timeLeft(signal), async () => {
        const { rows } = await db.pool.query<{ id: string }>(expireOriginalsSql, [originalExpires])
        for (const { id } of rows) await store.remove(originalOf(id))
        return rows.length
      })
      return { originals }
    }
  })
}
