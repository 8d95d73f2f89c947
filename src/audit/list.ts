import { type Selectable, sql } from 'kysely'
import type { Database } from '#database/connect.ts'
import { beside, page, place } from '#database/page.ts'
import type { AuditTable } from '#database/tables.ts'
import type { LineBody, LineFilters } from './schemas.ts'

/** Newest first. */
export async function listLines({ query }: Database, filters: LineFilters) {
  const { limit = 50, cursor, actor, action, target, outcome, since } = filters
  const { condition, order } = beside({ at: 'at', id: 'id' }, cursor)
  let found = query
    .selectFrom('audit')
    .selectAll()
    .select(place('at').as('place'))
    .where(condition)
    .orderBy('at', order)
    .orderBy('id', order)
    .limit(limit + 1)
  if (since !== undefined) found = found.where('at', '>=', new Date(since))
  if (outcome !== undefined) found = found.where('outcome', '=', outcome)
  if (actor !== undefined) {
    found = found.where(({ or, eb }) =>
      or([eb('actor_name', '=', actor), eb('actor_id', '=', actor), eb('actor_kind', '=', actor)])
    )
  }
  if (action?.endsWith('.*')) found = found.where(sql<boolean>`starts_with(action, ${action.slice(0, -1)})`)
  else if (action !== undefined) found = found.where('action', '=', action)
  if (target !== undefined) {
    const [type, id] = [target.slice(0, target.indexOf(':')), target.slice(target.indexOf(':') + 1)]
    found = found.where(({ or, and, eb }) =>
      or([
        eb('target_id', '=', target),
        eb('target_type', '=', target),
        and([eb('target_type', '=', type), eb('target_id', '=', id)])
      ])
    )
  }
  const { items, ...cursors } = page(await found.execute(), limit, cursor)
  return { items: items.map(present), ...cursors }
}

function present(line: Selectable<AuditTable>): LineBody {
  return {
    id: line.id,
    at: line.at.toISOString(),
    actor: { kind: line.actor_kind as LineBody['actor']['kind'], id: line.actor_id, name: line.actor_name },
    action: line.action,
    target: { type: line.target_type, id: line.target_id },
    outcome: line.outcome,
    ip: line.ip,
    request_id: line.request_id,
    detail: line.detail as LineBody['detail']
  }
}
