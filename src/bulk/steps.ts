import { CompiledQuery } from 'kysely'
import type { Database, InTransaction } from '#database/connect.ts'
import type { Placed } from '#database/page.ts'
import type { BulkAction } from '#database/tables.ts'
import { readOn } from '#tasks/listing/by-time.ts'
import { type BeforeForgetting, forgetTasks } from '#tasks/steer/forget.ts'
import { matching, type Sight } from './matching.ts'
import type { NewBulk } from './schemas.ts'

export interface Running {
  id: string
  action: BulkAction
  filter: NewBulk['filter']
  sight: Sight
  undo_of: string | null
  place_at: string
  place_id: string
}

export interface Stepped {
  done: number
  expected: number
}

/** What a batch looks at, and the place behind it; undefined at the end. */
interface Batch {
  ids: string[]
  place: Placed
}

export const beginBulkSql = `
update darkroom.bulk_operations set started_at = coalesce(started_at, now())
where id = $1 and finished_at is null and abort_at is null
returning
  id, action, filter, sight, undo_of, place_id,
  case when place_at = '-infinity' then '-infinity'
    else to_char(place_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end as place_at`

/** Undefined where it has ended, or was told to. */
export async function begin({ pool }: Database, id: string): Promise<Running | undefined> {
  return (await pool.query<Running>(beginBulkSql, [id])).rows[0]
}

// An abort waits for the batch that is being written, and none begins behind it.
export const lockBulkSql = `
select id from darkroom.bulk_operations where id = $1 and abort_at is null for update`

export const finishBulkSql = `
update darkroom.bulk_operations set finished_at = now() where id = $1 and finished_at is null`

export async function finish({ pool }: Database, id: string) {
  await pool.query(finishBulkSql, [id])
}

interface StepOptions {
  /** Tasks of its transaction: their rows are locked until the commit. */
  size: number
  remember: BeforeForgetting
}

/** The next batch, as a transaction; undefined behind the last one, or where it was told to stop. */
export async function step(db: Database, running: Running, { size, remember }: StepOptions) {
  const next = running.undo_of === null ? await nextTasks(db, running, size) : await nextItems(db, running, size)
  if (!next) return undefined
  return db.query.transaction().execute(async trx => {
    const { rows } = await trx.executeQuery(CompiledQuery.raw(lockBulkSql, [running.id]))
    return rows.length > 0 ? act(trx, running, next, remember) : undefined
  })
}

async function nextTasks({ pool }: Database, running: Running, size: number): Promise<Batch | undefined> {
  const { action, filter, sight, place_at, place_id } = running
  const asked = action === 'undo' ? undefined : matching(filter, action, sight)
  if (!asked) return undefined
  const on = { way: 'toNewer', start: [place_at, place_id], limit: size - 1, limits: undefined } as const
  const { rows, stopped } = await readOn(pool, asked, on)
  const place = rows.at(-1) ?? stopped
  return place && { ids: rows.map(({ id }) => id), place }
}

export const nextItemsSql = `
select task_id as id from darkroom.bulk_items where operation_id = $1 and task_id > $2 order by task_id limit $3`

async function nextItems({ pool }: Database, running: Running, size: number): Promise<Batch | undefined> {
  const { undo_of, place_at, place_id } = running
  const { rows } = await pool.query<{ id: string }>(nextItemsSql, [undo_of, place_id, size])
  const last = rows.at(-1)
  return last && { ids: rows.map(({ id }) => id), place: { place: place_at, id: last.id } }
}

export const bulkStepSql = `
select done::float8, expected::float8 from darkroom.bulk_step($1, $2::uuid[], $3, $4)`

export const noteForgottenSql = `
update darkroom.bulk_operations set done = done + $2, place_at = $3, place_id = $4 where id = $1
returning done::float8, expected::float8`

async function act(
  trx: InTransaction,
  running: Running,
  { ids, place }: Batch,
  remember: BeforeForgetting
): Promise<Stepped> {
  const { id, action } = running
  const [text, what] =
    action === 'forget' ? [noteForgottenSql, (await forgetTasks(trx, ids, remember)).length] : [bulkStepSql, ids]
  const { rows } = await trx.executeQuery<Stepped>(CompiledQuery.raw(text, [id, what, place.place, place.id]))
  running.place_at = place.place
  running.place_id = place.id
  return rows[0]!
}
