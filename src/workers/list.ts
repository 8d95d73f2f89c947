import type { Pool } from 'pg'
import { isUuid } from '#schema/common.ts'
import { lease } from '#tasks/attempts/takers.ts'
import type { WorkerBody } from './schemas.ts'
import { nothingYet, type Tally } from './tally.ts'

type RunningTask = WorkerBody['running'][number]

interface Row extends Omit<WorkerBody, 'running' | 'pools' | 'tasks'> {
  kinds: string[]
  inline_kinds: string[]
  tasks: Partial<Tally>
}

// Newest ended workers in the list: a worker that restarts every second for a day must not fill it.
const mostGone = 500

// A silent worker is shown as lost, whether or not another worker is there to mark its row.
export const listWorkersSql = `
select
  w.id, w.host, w.pid, w.version, w.queues, w.kinds, w.inline_kinds, w.concurrency, w.children, w.paused_at is not null as paused,
  w.shutdown, case when silent.since is null then w.status else 'lost' end as status, w.started_at, w.heartbeat_at,
  greatest(0, extract(epoch from now() - w.heartbeat_at)::float8) as heartbeat_age,
  coalesce(w.stopped_at, silent.since) as stopped_at, w.tasks, w.memory, w.cpu,
  w.media_sandbox
from darkroom.workers w
cross join lateral (
  select case when w.status = 'running' and w.heartbeat_at < now() - lease then w.heartbeat_at + lease end as since
  from (values (${lease} * interval '1 second')) silence (lease)
) silent
where $1::uuid is null and (
  w.status = 'running' or w.id in (
    select id from darkroom.workers where status <> 'running' order by started_at desc, id desc limit ${mostGone}
  )
) or w.id = $1
order by w.started_at desc, w.id desc`

// Few tasks are started at a time, and tasks_listed begins with the state.
export const listRunningSql = `
select worker, id as task_id, task, queue, attempts as attempt, started_at
from darkroom.tasks
where state = 'STARTED' and worker = any($1::uuid[])
order by started_at, id`

/** Running workers, and those that ended in the last day, newest first, with the tasks that they hold. */
export function listWorkers(pool: Pool): Promise<WorkerBody[]> {
  return read(pool, null)
}

export async function findWorker(pool: Pool, id: string): Promise<WorkerBody | undefined> {
  const [worker] = isUuid(id) ? await read(pool, id) : []
  return worker
}

async function read(pool: Pool, id: string | null): Promise<WorkerBody[]> {
  const { rows } = await pool.query<Row>(listWorkersSql, [id])
  const { rows: tasks } = await pool.query<RunningTask & { worker: string }>(listRunningSql, [rows.map(({ id }) => id)])
  const running = Map.groupBy(tasks, ({ worker }) => worker)
  return rows.map(({ kinds, inline_kinds: inline, ...row }) => ({
    ...row,
    pools: { child: kinds.filter(kind => !inline.includes(kind)), inline },
    // A new worker's row has no counts yet.
    tasks: { ...nothingYet, ...row.tasks },
    running: (running.get(row.id) ?? []).map(({ worker: _, ...task }) => task)
  }))
}
