import { CompiledQuery } from 'kysely'
import type { Pool } from 'pg'
import { v7 as uuid } from 'uuid'
import { type By, recordAct } from '#audit/record.ts'
import type { InTransaction } from '#database/connect.ts'
import { SilenceNotFound } from '#errors.ts'
import { refuse } from '#schema/check.ts'
import { isUuid } from '#schema/common.ts'
import type { NewSilence, SilenceBody } from './schemas.ts'

interface Row {
  id: string
  code: string
  subject_type: string | null
  subject_id: string | null
  until: Date
  reason: string | null
  created_by: string | null
  created_at: Date
}

// Milliseconds. What is to be silent for longer is no problem.
const longest = 30 * 86_400_000

/** One for each code and subject: a second one takes its place. */
export const addSilenceSql = `
insert into darkroom.problem_silences (id, code, subject_type, subject_id, until, reason, created_by)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (code, coalesce(subject_type, ''), coalesce(subject_id, '')) do update set
  until = excluded.until, reason = excluded.reason, created_by = excluded.created_by, created_at = now()
returning *`

export const listSilencesSql = `
select * from darkroom.problem_silences where until > now() order by until, id limit 1000`

export async function listSilences(pool: Pool): Promise<SilenceBody[]> {
  return (await pool.query<Row>(listSilencesSql)).rows.map(present)
}

export async function addSilence(
  trx: InTransaction,
  { code, subject = null, reason = null }: NewSilence,
  until: string,
  by: By
): Promise<SilenceBody> {
  const { name, address } = by.principal
  const values = [uuid(), code, subject?.type ?? null, subject?.id ?? null, until, reason, name ?? address]
  const { rows } = await trx.executeQuery<Row>(CompiledQuery.raw(addSilenceSql, values))
  await recordAct(trx, by, 'problem.silence', { type: 'problem', id: code }, { subject, until, reason })
  return present(rows[0]!)
}

/** When a silence ends. Refuses a time that is over, or more than 30 days away. */
export function endOf({ until, seconds }: NewSilence): string {
  if ((until === undefined) === (seconds === undefined)) {
    throw refuse([{ field: 'until', message: 'or seconds must be given, and not both' }])
  }
  const left = seconds === undefined ? Date.parse(until!) - Date.now() : seconds * 1000
  if (left <= 0) throw refuse([{ field: 'until', message: 'must be in the future' }])
  if (left > longest) throw refuse([{ field: 'until', message: 'must be within 30 days' }])
  return until ?? new Date(Date.now() + left).toISOString()
}

/** What still stands is told of at the next look. */
export async function removeSilence(trx: InTransaction, id: string, by: By) {
  const removed = isUuid(id)
    ? await trx.deleteFrom('problem_silences').where('id', '=', id).returning(['code']).executeTakeFirst()
    : undefined
  if (!removed) throw new SilenceNotFound(id)
  await recordAct(trx, by, 'problem.unsilence', { type: 'problem', id: removed.code })
}

function present({ id, code, subject_type, subject_id, until, reason, created_by, created_at }: Row): SilenceBody {
  return {
    id,
    code,
    subject: subject_type === null ? null : { type: subject_type, id: subject_id! },
    until: until.toISOString(),
    reason,
    created_by,
    created_at: created_at.toISOString()
  }
}
