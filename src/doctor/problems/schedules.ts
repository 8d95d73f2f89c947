import type { Pool } from 'pg'
import { type Problem, timeText } from '../problem.ts'

interface Row {
  id: string
  name: string
  next_run_at: Date | null
  updated_at: Date
  refusal: string | null
}

/** A minute late, or disabled by a worker. */
export const findTroubledSchedulesSql = `
(
  select id, name, next_run_at, updated_at, null as refusal from darkroom.schedules
  where next_run_at < now() - interval '1 minute' order by next_run_at limit 100
) union all (
  select id, name, null, updated_at, refusal from darkroom.schedules
  where refusal is not null and not enabled order by id limit 100
)`

export async function scheduleProblems(pool: Pool): Promise<Problem[]> {
  const { rows } = await pool.query<Row>(findTroubledSchedulesSql)
  return rows.map(problemOf)
}

function problemOf({ id, name, next_run_at, updated_at, refusal }: Row): Problem {
  const subject = { type: 'schedule', id }
  const url = `/api/schedules/${id}`
  if (next_run_at) {
    return {
      code: 'schedule_late',
      sentence: `The schedule "${name}" was due at ${timeText(next_run_at)} and has not fired: no worker runs, or a transaction holds its row`,
      since: next_run_at,
      severity: 'critical',
      subject,
      actions: [{ label: `Run ${name} now`, method: 'POST', url: `${url}/run`, scope: 'operate' }]
    }
  }
  return {
    code: 'schedule_refused',
    sentence: `The schedule "${name}" is disabled. ${refusal}`,
    since: updated_at,
    severity: 'warning',
    subject,
    actions: []
  }
}
