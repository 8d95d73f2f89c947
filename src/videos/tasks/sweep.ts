import { Type } from 'typebox'
import { expireAudit, sealAudit } from '#audit/keep.ts'
import type { Database } from '#database/connect.ts'
import { isUuid } from '#schema/common.ts'
import type { Store, Stored } from '#storage/store.ts'
import type { Workspaces } from '#storage/workspace.ts'
import { defineTask } from '#tasks/define.ts'
import { attemptIn, attemptName, ownerOf, videosPrefix } from '../keys.ts'
import { forgetPlans } from '../parts/queries.ts'

interface SweepOptions {
  store: Store
  workspaces: Workspaces
  /** Seconds that a line of the audit stays. */
  auditExpires: number
}

// Seconds. Nothing younger is ever removed: this is longer than a file is rightly without its row, or an upload without
// a byte.
const anHour = 3600
const decade = 315_360_000

// Keys for which rows are looked up at a time.
const batchSize = 1_000

export function sweep({ store, workspaces, auditExpires }: SweepOptions) {
  return defineTask({
    name: 'sweep',
    // At a minute of its own, apart from other hourly work.
    schedules: [{ cron: '23 * * * *', timezone: 'UTC', overlap: 'skip', missed: 'once' }],
    description:
      'Removes half uploads, and files older than an hour that no row points at. Seals the audit, and removes its old lines.',
    pool: 'inline',
    args: Type.Object(
      {
        older_than: Type.Optional(
          Type.Number({ minimum: anHour, maximum: decade, default: anHour, description: 'seconds, an hour at least' })
        )
      },
      { additionalProperties: false }
    ),

    async run({ older_than = anHour }, { db, log, signal }) {
      const seal = await sealAudit(db)
      // The owner of the database can rewrite its seals, but not those in the log.
      if (seal) log(`audit sealed ${JSON.stringify(seal)}`)
      const audit_lines = await expireAudit(db, auditExpires)
      const before = new Date(Date.now() - Math.max(older_than, anHour) * 1000)
      const videos = new Set<string>()
      const attempts = new Set<string>()
      let half_uploads = 0
      await forgetPlans(db.pool)

      for await (const upload of store.unfinished(before)) {
        signal.throwIfAborted()
        await upload.drop()
        half_uploads++
      }
      for await (const batch of inBatches(store.list(videosPrefix))) {
        signal.throwIfAborted()
        const old = batch.filter(({ changed }) => changed <= before)
        for (const { key, video, attempt } of await findUnknown(db, old)) {
          await store.remove(key)
          if (attempt === undefined) videos.add(video)
          else attempts.add(attempt)
        }
      }
      const left = (await workspaces.list()).filter(({ changed }) => changed <= before)
      const running = await findRunning(db, left.map(({ name }) => attemptIn(name)).filter(isDefined))
      for (const { name } of left) {
        // Names that are not ours are left alone.
        if (!attemptIn(name) || running.has(name)) continue
        await workspaces.remove(name)
        attempts.add(name)
      }

      const swept = { half_uploads, videos: videos.size, attempts: attempts.size, audit_lines }
      log(`swept ${JSON.stringify(swept)}`)
      return swept
    }
  })
}

async function* inBatches(keys: AsyncIterable<Stored>) {
  let batch: Stored[] = []
  for await (const stored of keys) {
    batch.push(stored)
    if (batch.length < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

interface Unknown {
  key: string
  video: string
  /** An attempt of a video that exists; undefined where the video does not. */
  attempt: string | undefined
}

/**
 * Our keys without a row: of a video that does not exist, or of an attempt that does not run and has no print set.
 */
async function findUnknown(db: Database, stored: Stored[]): Promise<Unknown[]> {
  const ours = stored.flatMap(({ key }) => {
    const owner = ownerOf(key)
    return owner && isUuid(owner.video) ? [{ key, ...owner }] : []
  })
  const known = await findKnown(
    db,
    ours.map(({ video }) => video)
  )
  const running = await findRunning(db, ours.map(({ attempt }) => attempt).filter(isDefined))

  return ours.flatMap(({ key, video, attempt }): Unknown[] => {
    if (!known.films.has(video)) return [{ key, video, attempt: undefined }]
    const name = attempt && attemptName(attempt.task, attempt.attempt)
    if (name === undefined || known.sets.has(name) || running.has(name)) return []
    return [{ key, video, attempt: name }]
  })
}

async function findKnown({ query }: Database, videos: string[]) {
  const ids = [...new Set(videos)]
  if (ids.length === 0) return { films: new Set<string>(), sets: new Set<string>() }
  const films = await query.selectFrom('films').select('id').where('id', 'in', ids).execute()
  // A crash between the file's key and the film's row: the client's next request makes the film.
  const uploads = await query.selectFrom('uploads').select('id').where('id', 'in', ids).execute()
  // Parts that a retry of their film uses.
  const plans = await query
    .selectFrom('film_plans')
    .select(['task_id', 'attempt'])
    .where('video_id', 'in', ids)
    .execute()
  const sets = await query
    .selectFrom('print_sets')
    .select(['task_id', 'attempt'])
    .where('video_id', 'in', ids)
    .execute()
  return {
    films: new Set([...films, ...uploads].map(({ id }) => id)),
    sets: new Set([...sets, ...plans].map(({ task_id, attempt }) => attemptName(task_id, attempt)))
  }
}

async function findRunning({ query }: Database, attempts: { task: string }[]) {
  const ids = [...new Set(attempts.map(({ task }) => task))].filter(isUuid)
  if (ids.length === 0) return new Set<string>()
  const tasks = await query
    .selectFrom('tasks')
    .select(['id', 'attempts'])
    .where('id', 'in', ids)
    .where('state', '=', 'STARTED')
    .execute()
  return new Set(tasks.map(({ id, attempts }) => attemptName(id, attempts)))
}

function isDefined<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined
}
