import { CompiledQuery } from 'kysely'
import { type By, recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import type { State } from '#database/tables.ts'
import type { Voice } from '#tasks/voice.ts'
import type { TaskChange } from './schemas.ts'

interface ChangeRequest {
  state: State
  /** False if the task does not wait any more. */
  accepted: boolean
  /** The queue that may have work now. */
  lane: string | null
}

export const requestChangeSql = `
select state, accepted, lane from darkroom.request_change($1, $2::jsonb)`

/** Changes a task that waits, then notifies watchers and workers. */
export async function changeTask(
  { db, voice }: { db: Database; voice: Voice },
  id: string,
  change: TaskChange,
  by: By
) {
  const query = CompiledQuery.raw(requestChangeSql, [id, JSON.stringify(change)])
  const attempt = () =>
    db.query.transaction().execute(async trx => {
      const [request] = (await trx.executeQuery<ChangeRequest>(query)).rows
      if (request?.accepted) await recordAct(trx, by, 'task.change', { type: 'task', id }, change)
      return request
    })
  // While we waited for its row the job moved to the table of another queue, where a row lock cannot follow.
  const request = await attempt().catch(error => {
    if (error.code === '40001') return attempt()
    throw error
  })
  if (request?.accepted) {
    voice.changed(id)
    voice.wake(request.lane!)
  }
  return request
}
