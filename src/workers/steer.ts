import { CompiledQuery } from 'kysely'
import { type Action, type By, recordAct } from '#audit/record.ts'
import type { Database } from '#database/connect.ts'
import { lease } from '#tasks/attempts/takers.ts'
import type { Voice } from '#tasks/voice.ts'
import type { Shutdown } from './presence.ts'
import type { Steering } from './schemas.ts'

interface SteerNeeds {
  db: Database
  voice: Voice
}

const isThere = `status = 'running' and heartbeat_at > now() - ${lease} * interval '1 second'`

export const steerWorkerSql = `
update darkroom.workers set
  concurrency = coalesce($2, concurrency),
  paused_at = case when $3::bool is null then paused_at when $3 then coalesce(paused_at, now()) end
where id = $1 and ${isThere}`

/** Changes the desired state in a worker's row and notifies the worker. False when the worker is gone. */
export async function steer(needs: SteerNeeds, id: string, steering: Steering, by: By): Promise<boolean> {
  const { concurrency = null, paused = null } = steering
  return change(needs, id, { text: steerWorkerSql, values: [id, concurrency, paused] }, by, 'worker.change', steering)
}

// A worker that is ending cold stays so when a warm shutdown is requested after it.
export const shutDownWorkerSql = `
update darkroom.workers set shutdown = case when shutdown = 'cold' then shutdown else $2 end
where id = $1 and ${isThere}`

/** The same for a shutdown. */
export async function shutDown(needs: SteerNeeds, id: string, mode: Shutdown, by: By): Promise<boolean> {
  return change(needs, id, { text: shutDownWorkerSql, values: [id, mode] }, by, 'worker.shutdown', { mode })
}

async function change(
  { db, voice }: SteerNeeds,
  id: string,
  { text, values }: { text: string; values: unknown[] },
  by: By,
  action: Action,
  detail: object
) {
  const isThere = await db.query.transaction().execute(async trx => {
    const { numAffectedRows } = await trx.executeQuery(CompiledQuery.raw(text, values))
    if (numAffectedRows === 1n) await recordAct(trx, by, action, { type: 'worker', id }, detail)
    return numAffectedRows === 1n
  })
  if (isThere) voice.steer(id)
  return isThere
}
