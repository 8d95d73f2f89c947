import type { Pool } from 'pg'
import { maySee, type Principal, sightOf } from '#access/principal.ts'
import { type Placed, page, placeOf } from '#database/page.ts'
import type { BulkAction } from '#database/tables.ts'
import { BulkNotFound } from '#errors.ts'
import { isUuid } from '#schema/common.ts'
import type { Sight } from './matching.ts'
import type { BulkBody } from './schemas.ts'

interface Row
  extends Omit<BulkBody, 'skipped' | 'progress' | 'can_undo' | 'created_at' | 'started_at' | 'finished_at'> {
  created_at: Date
  started_at: Date | null
  finished_at: Date | null
  skipped: Record<string, number>
  place: string
}

interface Found {
  operation: BulkBody
  sight: Sight
}

const columns = `
  id, action, status, filter, queue, over, expected::float8 as expected, exact, done::float8 as done, skipped, undo_of,
  undone_by, task_id, created_by, created_at, started_at, finished_at,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place`

// A key that sees only what it has created sees its own operations.
const isSeen = `($4::text is null or sight ->> 'owner' = $4)`

export const listBulkSql = `
select ${columns} from darkroom.bulk_progress
where (created_at, id) < ($1::timestamptz, $2::uuid) and ${isSeen}
order by created_at desc, id desc limit $3`

export const listBulkBackSql = `
select ${columns} from darkroom.bulk_progress
where (created_at, id) > ($1::timestamptz, $2::uuid) and ${isSeen}
order by created_at, id limit $3`

export const findBulkSql = `
select ${columns}, sight from darkroom.bulk_progress where id = $1`

interface Turn {
  limit?: number
  cursor?: string
}

export async function listBulk(pool: Pool, { limit = 50, cursor }: Turn, principal: Principal) {
  const start = cursor === undefined ? { at: 'infinity', id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' } : placeOf(cursor)
  const isBack = 'back' in start && start.back
  const values = [start.at, start.id, limit + 1, sightOf(principal) ?? null]
  const { rows } = await pool.query<Row & Placed>(isBack ? listBulkBackSql : listBulkSql, values)
  const { items, ...cursors } = page(rows, limit, cursor)
  return { items: items.map(present), ...cursors }
}

/** The operation, and what its key was limited to. */
export async function mustFindBulk(pool: Pool, id: string, principal: Principal): Promise<Found> {
  const { rows } = isUuid(id) ? await pool.query<Row & { sight: Sight }>(findBulkSql, [id]) : { rows: [] }
  if (!rows[0] || !maySee(principal, rows[0].sight.owner)) throw new BulkNotFound(id)
  const { sight, ...row } = rows[0]
  return { operation: present(row), sight }
}

const undoable: BulkAction[] = ['retry', 'cancel', 'move']
export const hasEnded = (status: BulkBody['status']) => status !== 'waiting' && status !== 'running'

function present({ place: _, skipped, ...row }: Row): BulkBody {
  const counts = Object.entries(skipped).map(([reason, count]) => ({ reason, count }))
  const seen = counts.reduce((all, { count }) => all + count, row.done)
  return {
    ...row,
    progress: row.status === 'completed' ? 1 : Math.min(1, row.expected > 0 ? seen / row.expected : 0),
    skipped: counts,
    can_undo: undoable.includes(row.action) && hasEnded(row.status) && row.undone_by === null && row.done > 0,
    created_at: row.created_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null
  }
}
