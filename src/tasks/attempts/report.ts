import type { Pool } from 'pg'

export interface Report {
  id: string
  attempt: number
  worker: string
  progress: number
  detail: unknown
}

/**
 * Progress of running attempts, many in one statement. It never decreases, and only the current attempt of a task may
 * report it: ids that are missing in the answer belong to attempts that their worker has lost.
 */
export const reportProgressSql = `
update darkroom.tasks t set progress = greatest(t.progress, report.progress), progress_detail = report.detail
from jsonb_to_recordset($1::jsonb) as report (id uuid, attempt int, worker uuid, progress real, detail jsonb)
where t.id = report.id and t.attempts = report.attempt and t.worker = report.worker and t.state = 'STARTED'
returning t.id`

export async function reportProgress(pool: Pool, reports: Report[]): Promise<Set<string>> {
  const { rows } = await pool.query<{ id: string }>({
    name: 'report',
    text: reportProgressSql,
    values: [JSON.stringify(reports)]
  })
  return new Set(rows.map(({ id }) => id))
}
