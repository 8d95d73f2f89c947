import type { Pool } from 'pg'
import { lease } from '#tasks/attempts/takers.ts'
import type { Voice } from '#tasks/voice.ts'
import type { Shutdown } from './presence.ts'
import type { Steering } from './schemas.ts'

interface SteerNeeds {
  db: { pool: Pool }
  voice: Voice
}

const isThere = `status = 'running' and heartbeat_at > now() - ${lease} * interval '1 second'`

export const steerWorkerSql = `
update darkroom.workers set
  concurrency = coalesce($2, concurrency),
  paused_at = case when $3::bool is null then paused_at when $3 then coalesce(paused_at, now()) end
where id = $1 and ${isThere}`

/** Changes the desired state in a worker's row and notifies the worker. False when the worker is gone. */
export async function steer(
  { db, voice }: SteerNeeds,
  id: string,
  { concurrency, paused }: Steering
): Promise<boolean> {
  const { rowCount } = await db.pool.query(steerWorkerSql, [id, concurrency ?? null, paused ?? null])
  return told(voice, id, rowCount)
}

// A worker that is ending cold stays so when a warm shutdown is requested after it.
export const shutDownWorkerSql = `
update darkroom.workers set shutdown = case when shutdown = 'cold' then shutdown else $2 end
where id = $1 and ${isThere}`

/** The same for a shutdown. */
export async function shutDown({ db, voice }: SteerNeeds, id: string, mode: Shutdown): Promise<boolean> {
  const { rowCount } = await db.pool.query(shutDownWorkerSql, [id, mode])
  return told(voice, id, rowCount)
}

function told(voice: Voice, id: string, rowCount: number | null) {
  const isThere = rowCount === 1
  if (isThere) voice.steer(id)
  return isThere
}
