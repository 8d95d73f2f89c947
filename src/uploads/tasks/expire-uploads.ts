import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import type { Store, Stored } from '#storage/store.ts'
import { defineTask } from '#tasks/define.ts'
import { batchSize, inBatches, timeLeft } from '#tasks/upkeep/batches.ts'
import { ownerOf } from '#videos/keys.ts'
import { removeBytes } from '../remove.ts'

// Milliseconds. Longer than a file is rightly without its row.
const anHour = 3_600_000

/** Rows first: no request can write the upload then. The rows of finished ones go, too, and their films stay. */
export const expireUploadsSql = `
with old as (
  select id, video_id from darkroom.uploads
  where expires_at <= now() and (leased_until is null or leased_until <= now())
  order by expires_at limit ${batchSize} for update skip locked
)
delete from darkroom.uploads u using old where u.id = old.id
returning u.id, u.video_id`

/** Whether bytes belong to an upload. */
export const knowsUploadSql = `
select from darkroom.uploads where id = $1`

export function expireUploads({ store }: { store: Store }) {
  return defineTask({
    name: 'expire_uploads',
    description: 'Removes uploads that have received no byte for UPLOAD_EXPIRES, and bytes that belong to none.',
    schedules: [{ cron: '53 * * * *', timezone: 'UTC', overlap: 'skip', missed: 'once' }],
    pool: 'inline',
    queue: 'low_priority',
    args: Type.Object({}, { additionalProperties: false }),

    async run(_, { db, signal }) {
      let uploads = 0
      const goOn = timeLeft(signal)
      await inBatches(goOn, async () => {
        const { rows } = await db.pool.query<{ id: string; video_id: string | null }>(expireUploadsSql)
        const unfinished = rows.filter(({ video_id }) => video_id === null)
        for (const { id } of unfinished) await removeBytes(store, id)
        uploads += unfinished.length
        return rows.length
      })
      let parts = 0
      for await (const { key, changed } of store.appended()) {
        if (!goOn()) break
        if (Date.now() - changed.getTime() < anHour || (await hasRow(db, key))) continue
        await store.discard(key)
        parts++
      }
      return { uploads, parts }
    }
  })
}

/** One by one: there are as many as uploads that are being made. */
async function hasRow({ pool }: Database, key: Stored['key']) {
  const owner = ownerOf(key)
  // Keys that are not ours are left alone.
  if (!owner) return true
  const { rows } = await pool.query(knowsUploadSql, [owner.video])
  return rows.length > 0
}
