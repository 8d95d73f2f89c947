import { CompiledQuery } from 'kysely'
import { v7 as uuid } from 'uuid'
import { marksOf } from '#access/principal.ts'
import { type By, recordAct } from '#audit/record.ts'
import type { Database, InTransaction } from '#database/connect.ts'
import type { BulkAction } from '#database/tables.ts'
import { BulkNotUndoable } from '#errors.ts'
import { mustBeQueue, type QueueNames } from '#queue/names.ts'
import { refuse } from '#schema/check.ts'
import type { Kind } from '#tasks/define.ts'
import { type Enqueued, enqueueIn } from '#tasks/submit/enqueue.ts'
import { newTask, type SubmitDefaults } from '#tasks/submit/prepare.ts'
import { freeze, type Sight } from './matching.ts'
import { checkDrift, type Expectation, expect, momentOf } from './preview.ts'
import { hasEnded } from './queries.ts'
import type { BulkBody, NewBulk } from './schemas.ts'

export interface Operation {
  action: BulkAction
  filter: NewBulk['filter']
  queue?: string | undefined
  over?: number | undefined
  undo_of?: string
  sight: Sight
  by: By
}

/** Rules that the schema does not say. */
export async function checkBulk({ action, filter, queue, over, preview, dry_run }: NewBulk, queues: QueueNames) {
  const problems = []
  if (action === 'move' && queue === undefined) problems.push({ field: 'queue', message: 'is needed to move tasks' })
  if (action !== 'move' && queue !== undefined) problems.push({ field: 'queue', message: 'is for move alone' })
  if (action !== 'retry' && over !== undefined) problems.push({ field: 'over', message: 'is for retry alone' })
  if (Object.keys(filter).length === 0 && preview === undefined && !dry_run) {
    problems.push({ field: 'filter', message: 'matches every task: send the preview of a dry run with it' })
  }
  if (problems.length > 0) throw refuse(problems)
  await mustBeQueue(queues, queue)
}

/** What an operation is about to do: its filter, frozen, and how many tasks match. */
export async function plan(db: Database, request: NewBulk, sight: Sight) {
  const filter = freeze(request.filter, momentOf(request))
  const expectation = await expect(db, request, filter, sight)
  checkDrift(request, expectation)
  return { filter, expectation }
}

/** An operation of a finished one's items. Throws why it cannot be undone. */
export function checkUndo({ action, status, done, undone_by }: BulkBody) {
  if (action === 'forget') throw new BulkNotUndoable('its tasks are gone')
  if (action === 'undo') throw new BulkNotUndoable('it is an undo itself')
  if (!hasEnded(status)) throw new BulkNotUndoable('it has not ended; abort it first')
  if (undone_by !== null) throw new BulkNotUndoable('that was done already')
  if (done === 0) throw new BulkNotUndoable('it has changed no task')
}

export const insertBulkSql = `
insert into darkroom.bulk_operations (
  id, action, filter, queue, over, expected, is_exact, undo_of, task_id, created_by, sight
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

export interface StartNeeds {
  kind: Kind
  defaults: SubmitDefaults
}

/** Writes the operation and its task. After the commit the caller wakes the workers. */
export async function startBulk(
  trx: InTransaction,
  { kind, defaults }: StartNeeds,
  operation: Operation,
  { count, exact }: Expectation
): Promise<{ id: string; task_id: string; enqueued: Enqueued[] }> {
  const { action, filter, queue, over, undo_of, sight, by } = operation
  const id = uuid()
  const said = { name: `bulk ${action}`, ...marksOf(by.principal) }
  const task = { ...newTask(kind, { operation_id: id }, defaults, said), request_id: by.requestId! }
  const values = [id, action, JSON.stringify(filter), queue ?? null, over ?? null, count, exact, undo_of ?? null]
  const marks = [task.id, by.principal.name, JSON.stringify(sight)]
  await trx.executeQuery(CompiledQuery.raw(insertBulkSql, [...values, ...marks]))
  const detail = {
    filter,
    expected: count,
    ...(queue && { queue }),
    ...(over && { over }),
    ...(undo_of && { undo_of })
  }
  await recordAct(trx, by, `bulk.${action}`, { type: 'bulk_operation', id }, detail)
  return { id, task_id: task.id, enqueued: await enqueueIn(trx, [task]) }
}
