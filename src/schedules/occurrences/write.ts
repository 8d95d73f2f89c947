import { CompiledQuery } from 'kysely'
import type { InTransaction } from '#database/connect.ts'
import type { Decision } from './due.ts'

export interface NewOccurrence extends Decision {
  schedule_id: string
  task_id: string | null
  manual: boolean
}

/**
 * Occurrences that no row speaks of yet; answers those that it wrote. The primary key makes one task of an occurrence:
 * a firing whose row is not among the answers makes none.
 */
export const insertOccurrencesSql = `
insert into darkroom.occurrences (schedule_id, due_at, outcome, reason, task_id, manual, until, count)
select schedule_id, due_at, outcome, reason, task_id, manual, until, count
from jsonb_to_recordset($1::jsonb) as new (
  schedule_id uuid, due_at timestamptz, outcome text, reason text, task_id uuid, manual boolean, until timestamptz,
  count int
)
on conflict (schedule_id, due_at) do nothing
returning schedule_id, due_at, task_id`

/** A backfill takes up occurrences that made no task. */
export const refireOccurrencesSql = `
insert into darkroom.occurrences as known (schedule_id, due_at, outcome, task_id, manual)
select schedule_id, due_at, 'fired', task_id, true
from jsonb_to_recordset($1::jsonb) as new (schedule_id uuid, due_at timestamptz, task_id uuid)
on conflict (schedule_id, due_at) do update
  set outcome = 'fired', reason = null, task_id = excluded.task_id, manual = true, until = null, count = 1,
    decided_at = excluded.decided_at
  where known.outcome <> 'fired'
returning schedule_id, due_at, task_id`

export interface WrittenOccurrence {
  schedule_id: string
  due_at: Date
  task_id: string | null
}

export async function writeOccurrences(trx: InTransaction, occurrences: NewOccurrence[]): Promise<WrittenOccurrence[]> {
  if (occurrences.length === 0) return []
  const { rows } = await trx.executeQuery<WrittenOccurrence>(
    CompiledQuery.raw(insertOccurrencesSql, [JSON.stringify(occurrences)])
  )
  return rows
}

export async function refireOccurrences(trx: InTransaction, occurrences: WrittenOccurrence[]) {
  const { rows } = await trx.executeQuery<WrittenOccurrence>(
    CompiledQuery.raw(refireOccurrencesSql, [JSON.stringify(occurrences)])
  )
  return rows
}
