import type { Pool } from 'pg'
import { WorkerNotFound } from '#errors.ts'
import { findWorker } from '../list.ts'
import type { WorkerBody } from '../schemas.ts'

export async function mustFind(pool: Pool, id: string) {
  const worker = await findWorker(pool, id)
  if (!worker) throw new WorkerNotFound(id)
  return worker
}

/** The worker was running when its row was read and has ended meanwhile. */
export function goneAs(status: WorkerBody['status']) {
  return status === 'running' ? 'stopped' : status
}
