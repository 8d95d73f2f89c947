import { sql } from 'kysely'
import type { Database } from '#database/connect.ts'
import { beside, page, place } from '#database/page.ts'
import type { Action } from '#tasks/why/actions.ts'
import { activeSilences, silencedUntil } from './alerts/silences.ts'
import type { HistoryFilters, ProblemRecord } from './schemas.ts'

/** Problems that are open, and those that were; the one that opened last comes first. */
export async function listHistory({ query, pool }: Database, { limit = 50, cursor, state }: HistoryFilters) {
  const { condition, order } = beside({ at: 'opened_at', id: 'id' }, cursor)
  let found = query
    .selectFrom('problems')
    .select(['id', 'code', 'sentence', 'severity', 'since', 'subject_type', 'subject_id', 'actions'])
    .select(['last_seen_at', 'gone_at', 'closed_at', 'told_at', 'flaps'])
    .select([
      sql<Date>`opened_at`.as('opened_at'),
      sql<number>`extract(epoch from coalesce(gone_at, now()) - opened_at)::float8`.as('seconds'),
      place('opened_at').as('place')
    ])
    .where('opened_at', 'is not', null)
    .where(condition)
    .orderBy('opened_at', order)
    .orderBy('id', order)
    .limit(limit + 1)
  if (state !== undefined) found = found.where('closed_at', state === 'open' ? 'is' : 'is not', null)
  const [rows, silences] = await Promise.all([found.execute(), activeSilences(pool)])
  const { items, ...cursors } = page(rows, limit, cursor)
  const records = items.map(({ place: _, subject_type, subject_id, actions, ...row }): ProblemRecord => {
    const subject = { type: subject_type, id: subject_id }
    const isOpen = row.closed_at === null
    return {
      ...row,
      subject,
      state: isOpen ? 'open' : 'closed',
      actions: actions as Action[],
      since: iso(row.since),
      opened_at: row.opened_at.toISOString(),
      last_seen_at: row.last_seen_at.toISOString(),
      gone_at: iso(row.gone_at),
      closed_at: iso(row.closed_at),
      told_at: iso(row.told_at),
      silenced_until: isOpen ? iso(silencedUntil({ code: row.code, subject }, silences)) : null
    }
  })
  return { items: records, ...cursors }
}

function iso(time: Date | null) {
  return time === null ? null : time.toISOString()
}
