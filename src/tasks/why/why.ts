import type { Pool } from 'pg'
import { isUuid } from '#schema/common.ts'

export const codes = [
  'scheduled',
  'queue_paused',
  'no_worker_for_queue',
  'no_sandbox',
  'kind_unknown_to_workers',
  'workers_paused',
  'slots_busy',
  'retry_wait',
  'claimed',
  'running',
  'finished',
  'job_gone'
] as const

export interface Why {
  code: (typeof codes)[number]
  sentence: string
  /** Since when the code holds. */
  since: Date | null
  /** When it ends by itself, if that is known. */
  until: Date | null
  state: string
  queue: string
  /** Paused workers that could take the task. */
  paused_workers: { id: string; host: string }[]
}

export const whySql = `
select code, state, queue, paused_workers, since, until, sentence from darkroom.explain_task($1)`

/** The code for a task's situation: what it waits for, or how it ended. */
export async function why(pool: Pool, id: string): Promise<Why | undefined> {
  if (!isUuid(id)) return undefined
  return (await pool.query<Why>(whySql, [id])).rows[0]
}
