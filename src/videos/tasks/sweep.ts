import { Type } from 'typebox'
import type { Database } from '#database/connect.ts'
import { isUuid } from '#schema/common.ts'
import { incoming, type Storage } from '#storage/disk.ts'
import { defineBuiltIn } from '#tasks/define.ts'
import { attemptIn, folderOf, videosFolder } from '../keys.ts'

interface Needs {
  storage: Storage
}

// Longer than any moment in which a file is rightly without its row, or an upload without a byte.
const anHour = 3600

export function sweep({ storage }: Needs) {
  return defineBuiltIn({
    name: 'sweep',
    // Not with everything else that runs each hour.
    schedules: [{ cron: '23 * * * *' }],
    description: 'Removes half uploads and files that no row points at.',
    pool: 'inline',
    args: Type.Object(
      { older_than: Type.Optional(Type.Number({ minimum: 0, default: anHour, description: 'seconds' })) },
      { additionalProperties: false }
    ),

    async run({ older_than = anHour }, { db, log, signal }) {
      const before = new Date(Date.now() - older_than * 1000)
      const swept = { half_uploads: 0, videos: 0, attempts: 0 }

      for (const { name, changed } of await storage.list(incoming)) {
        if (changed > before) continue
        await storage.remove(`${incoming}/${name}`)
        swept.half_uploads++
      }

      for (const { name, changed } of await storage.list(videosFolder)) {
        signal.throwIfAborted()
        if (!isUuid(name)) continue
        if (await isKnown(db, name)) swept.attempts += await sweepVideo(db, name, before)
        else if (changed <= before) {
          await storage.remove(`${videosFolder}/${name}`)
          swept.videos++
        }
      }
      log(`swept ${JSON.stringify(swept)}`)
      return swept
    }
  })

  async function sweepVideo(db: Database, video: string, before: Date) {
    let count = 0
    for (const { name, changed } of await storage.list(folderOf(video))) {
      const of = attemptIn(name)
      if (!of || changed > before || (await isInUse(db, video, name, of))) continue
      await storage.remove(`${folderOf(video)}/${name}`)
      count++
    }
    return count
  }
}

async function isKnown({ query }: Database, video: string) {
  return (await query.selectFrom('videos').select('id').where('id', '=', video).executeTakeFirst()) !== undefined
}

/** A folder is in use when a row points into it, or when the attempt that it belongs to may still be at work. */
async function isInUse({ query }: Database, video: string, name: string, of: { task: string; attempt: number }) {
  const folder = `${folderOf(video)}/${name}/`
  const served = await query
    .selectFrom('renditions')
    .select('name')
    .where('video_id', '=', video)
    .where('storage_key', 'like', `${folder}%`)
    .executeTakeFirst()
  if (served) return true
  const running = await query
    .selectFrom('tasks')
    .select('id')
    .where('id', '=', of.task)
    .where('attempts', '=', of.attempt)
    .where('state', '=', 'STARTED')
    .executeTakeFirst()
  return running !== undefined
}
