import { CompiledQuery } from 'kysely'
import type { Principal } from '#access/principal.ts'
import type { InTransaction } from '#database/connect.ts'

/** Who acts, and in which request. */
export interface By {
  principal: Principal
  /** `X-Request-Id` of the answer; null outside of HTTP. */
  requestId: string | null
}

/** `queue.pause`: what is acted on, and the verb. */
export type Action = `${string}.${string}`

export interface Target {
  type: string
  /** Null where an act has many targets; its detail then has their `count`. */
  id: string | null
}

export const recordActSql = `
insert into darkroom.audit (
  actor_kind, actor_id, actor_name, ip, request_id, action, target_type, target_id, outcome, detail
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, darkroom.short_detail($10))`

/**
 * Writes that `by` has done something, in the transaction that does it. The detail is shown to admins for a year: names
 * of changed fields rather than their values, where those may be secret.
 */
export async function recordAct(
  trx: InTransaction,
  by: By,
  action: Action,
  target: Target,
  detail: object = {}
): Promise<void> {
  await trx.executeQuery(CompiledQuery.raw(recordActSql, valuesOf(by, action, target, 'done', detail)))
}

/** The parameters of that statement, for transactions that are none of Kysely's. */
export function valuesOf(
  { principal: { kind, id, name, address }, requestId }: By,
  action: Action,
  target: Target,
  outcome: 'done' | 'refused',
  detail: object
) {
  return [kind, id, name, address, requestId, action, target.type, target.id, outcome, JSON.stringify(detail)]
}
