import type { Pool } from 'pg'
import type { Sandbox } from '#media/lock/sandbox.ts'
import { isRunning } from '#tasks/attempts/takers.ts'

export interface SandboxOfWorker {
  id: string
  host: string
  pid: number
  started_at: Date
  sandbox: Sandbox
  /** Kinds that it does not take for want of a sandbox. */
  withheld: string[]
}

export const findSandboxesSql = `
select w.id, w.host, w.pid, w.started_at, w.media_sandbox as sandbox, w.withheld_kinds as withheld
from darkroom.workers w
where ${isRunning} and w.media_sandbox is not null
order by w.started_at, w.id`

/** What each running worker has proved about its decoders, the weakest first. */
export async function findSandboxes(pool: Pool): Promise<SandboxOfWorker[]> {
  const { rows } = await pool.query<SandboxOfWorker>(findSandboxesSql)
  return rows.toSorted((one, other) => other.sandbox.missing.length - one.sandbox.missing.length)
}
