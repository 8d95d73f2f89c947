import type { Pool } from 'pg'
import { isRunning } from '#tasks/attempts/takers.ts'
import { type Problem, timeText } from '../problem.ts'

interface Row {
  id: string
  host: string
  pid: number
  status: 'running' | 'lost'
  paused_at: Date | null
  stopped_at: Date | null
  shutdown: string | null
}

/** Running workers, and those that were lost within the last hour. */
export const findTroubledWorkersSql = `
select id, host, pid, case when ${isRunning} then 'running' else 'lost' end as status, paused_at,
  coalesce(stopped_at, heartbeat_at) as stopped_at, shutdown
from darkroom.workers w
where ${isRunning}
  or (coalesce(stopped_at, heartbeat_at) > now() - interval '1 hour' and status in ('lost', 'running'))
order by started_at desc limit 500`

export async function workerProblems(pool: Pool): Promise<Problem[]> {
  const { rows } = await pool.query<Row>(findTroubledWorkersSql)
  const running = rows.filter(({ status }) => status === 'running')
  const taking = running.filter(({ paused_at, shutdown }) => paused_at === null && shutdown === null)
  const problems = rows.filter(({ status }) => status === 'lost').map(lost)
  if (running.length === 0) problems.push(none)
  else if (taking.length === 0 && running.every(({ paused_at }) => paused_at !== null))
    problems.push(allPaused(running))
  return problems
}

const none: Problem = {
  code: 'no_workers',
  sentence: 'No worker runs, so no task does: start one with "darkroom worker"',
  since: null,
  severity: 'critical',
  subject: { type: 'service', id: 'workers' },
  actions: []
}

function lost({ id, host, pid, stopped_at }: Row): Problem {
  return {
    code: 'worker_lost',
    sentence: `The worker on ${host}, process ${pid}, has sent no heartbeat since ${timeText(stopped_at!)}; its tasks were handed on. Look whether its machine or process was killed, or ran out of memory`,
    since: stopped_at,
    severity: 'warning',
    subject: { type: 'worker', id },
    actions: []
  }
}

function allPaused(paused: Row[]): Problem {
  const since = paused.map(({ paused_at }) => paused_at!).sort((one, other) => other.getTime() - one.getTime())[0]!
  return {
    code: 'workers_paused',
    sentence: `Every running worker is paused (${paused.length}), so no task starts: resume one`,
    since,
    severity: 'critical',
    subject: { type: 'service', id: 'workers' },
    actions: paused.slice(0, 5).map(({ id, host }) => ({
      label: `Resume worker on ${host}`,
      method: 'PATCH',
      url: `/api/workers/${id}`,
      scope: 'operate',
      body: { paused: false }
    }))
  }
}
