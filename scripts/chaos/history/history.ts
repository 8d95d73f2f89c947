import { readFile } from 'node:fs/promises'
import type { State } from '#database/tables.ts'
import { internalKinds } from '#tasks/internal.ts'
import type { Ledger } from '../ledger.ts'
import type { Cluster } from '../service/cluster.ts'
import type { Process } from '../service/processes.ts'
import { type MessageHistory, readMessages } from './messages.ts'
import { readSchedules, type ScheduleHistory } from './occurrences.ts'

/** What is known after a run: the requests and blows, the rows in the database, and the journal of the bodies. */
export interface History {
  ledger: Ledger
  tasks: TaskHistory[]
  schedules: ScheduleHistory[]
  /** To webhooks. */
  messages: MessageHistory[]
  workers: Map<string, WorkerHistory>
  /** Written by the triggers of tripwires.ts at a commit. */
  tripped: { task_id: string; what: string }[]
  /** Descriptions of rows that should be gone and sessions that should have ended. */
  leftRows: string[]
  leftProcesses: Process[]
}

export interface WorkerHistory {
  pid: number
  status: string
}

export interface TaskHistory {
  id: string
  /** The order's name for it, from its arguments; null if it is no order's. */
  order: string | null
  task: string
  queue: string
  state: State
  attempts: number
  failures: number
  crashes: number
  max_retries: number
  error: { type: string; message: string } | null
  progress: number | null
  progress_attempt: number | null
  expires: boolean
  schedule_id: string | null
  cancel_requested_at: number | null
  /** Lines of the audit about it. */
  cancels: number
  retries: number
  jobs: Job[]
  /** Finished attempts. */
  tries: Try[]
  events: Event[]
  runs: Run[]
}

export interface Job {
  name: string
  state: string
  retry_count: number
  output: unknown
}

/** Times are milliseconds, as the bodies have them. */
export interface Try {
  number: number
  worker: string
  started_at: number
  finished_at: number
  outcome: string
  error: { type: string; message: string } | null
}

export interface Event {
  at: number
  state: State
  attempt: number
}

/** One execution of a body, from the journal. */
export interface Run {
  attempt: number
  pid: number
  worker: number
  began: number
  last: number
  ended: 'returned' | 'threw' | undefined
}

type Recorded = Omit<History, 'ledger' | 'leftRows' | 'leftProcesses'>

export async function readHistory(cluster: Cluster, journal: string): Promise<Recorded> {
  const { insist } = cluster
  const [schedules, messages, tasks, jobs, tries, events, workers, tripped] = await Promise.all([
    readSchedules(cluster),
    readMessages(cluster),
    insist<Omit<TaskHistory, 'jobs' | 'tries' | 'events' | 'runs'>>(
      `
      select
        id, coalesce(args ->> 'order', args ->> 'data') as "order", task, queue, state, attempts, failures, crashes,
        max_retries, error, progress, schedule_id, (progress_detail ->> 'attempt')::int as progress_attempt,
        expires_at is not null or (error ->> 'type') is not distinct from 'expired' as expires,
        ${milliseconds('cancel_requested_at')},
        (select count(*)::int from darkroom.audit a where a.target_id = t.id::text and action = 'task.cancel') as cancels,
        (select count(*)::int from darkroom.audit a where a.target_id = t.id::text and action = 'task.retry') as retries
      from darkroom.tasks t where task <> all($1) order by created_at, id`,
      [internalKinds]
    ),
    insist<Job & { id: string }>('select id, name, state::text, retry_count, output from pgboss.job'),
    insist<Try & { task_id: string }>(`
      select task_id, number, worker, ${milliseconds('started_at')}, ${milliseconds('finished_at')}, outcome, error
      from darkroom.attempts order by task_id, number`),
    insist<Event & { task_id: string }>(`
      select task_id, ${milliseconds('at')}, state, attempt from darkroom.events order by task_id, id`),
    insist<WorkerHistory & { id: string }>('select id, pid, status from darkroom.workers'),
    insist<{ task_id: string; what: string }>('select distinct task_id, what from chaos.tripped')
  ])
  const runs = readRuns(await readFile(journal, 'utf8').catch(() => ''))
  const of = <T extends { task_id: string }>(rows: T[]) => Map.groupBy(rows, ({ task_id }) => task_id)
  const byTask = { jobs: Map.groupBy(jobs, ({ id }) => id), tries: of(tries), events: of(events) }
  return {
    schedules,
    messages,
    tasks: tasks.map(task => ({
      ...task,
      jobs: byTask.jobs.get(task.id) ?? [],
      tries: byTask.tries.get(task.id) ?? [],
      events: byTask.events.get(task.id) ?? [],
      runs: runs.get(task.id) ?? []
    })),
    workers: new Map(workers.map(({ id, pid, status }) => [id, { pid, status }])),
    tripped
  }
}

function milliseconds(column: string) {
  return `(extract(epoch from ${column}) * 1000)::float8 as ${column}`
}

/**
 * Rows and sessions that API and workers should have removed. Called while those still run, because it is their job.
 */
export async function readLeftRows({ insist }: Cluster): Promise<string[]> {
  const rows = await insist<{ what: string }>(`
    select 'a deadline of ' || task_id || ' that passed at ' || expires_at as what
    from darkroom.deadlines where expires_at < now() - interval '3 seconds'
    union all
    select 'the key ' || key || ' without an answer' from darkroom.idempotency_keys where answer is null
    union all
    select 'the task ' || t.id || ' is over and its job among the delayed'
    from pgboss.job j join darkroom.tasks t on t.id = j.id where j.name = 'delayed' and t.finished_at is not null
    union all
    select 'what was tried or happened without a task: ' || task_id
    from (select task_id from darkroom.attempts union select task_id from darkroom.events) orphan
    where task_id not in (select id from darkroom.tasks)
    union all
    select 'a session that is ' || state || ' and holds what it has locked: ' || application_name
    from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'
      and state_change < now() - interval '2 seconds'`)
  return rows.map(({ what }) => what)
}

interface Line {
  id: string
  attempt: number
  pid: number
  worker: number
  what: 'began' | 'lives' | 'returned' | 'threw'
  at: number
}

/** Each `began` opens a run, also where two of them name the same attempt. */
export function readRuns(journal: string): Map<string, Run[]> {
  const runs = new Map<string, Run[]>()
  const open = new Map<string, Run>()
  for (const text of journal.split('\n').slice(0, -1)) {
    const { id, attempt, pid, worker, what, at } = JSON.parse(text) as Line
    const key = `${id} ${attempt} ${pid}`
    if (what === 'began') {
      const run: Run = { attempt, pid, worker, began: at, last: at, ended: undefined }
      open.set(key, run)
      runs.set(id, [...(runs.get(id) ?? []), run])
      continue
    }
    const run = open.get(key)!
    run.last = at
    if (what !== 'lives') run.ended = what
  }
  return runs
}
