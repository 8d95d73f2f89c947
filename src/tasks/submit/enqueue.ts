import { CompiledQuery } from 'kysely'
import type { Pool } from 'pg'
import type { InTransaction } from '#database/connect.ts'
import { delayedQueue, never } from '#queue/boss.ts'
import { channels } from '#tasks/channels.ts'
import { submittedColumns, submittedRecord, submittedValues } from '#tasks/columns.ts'
import type { NewTask } from './new-task.ts'
import { traced } from './traced.ts'

export interface Enqueued {
  id: string
  queue: string
  eta: Date | null
  expires_at: Date | null
  created_at: Date
}

/**
 * Task and job in one statement, for one task or ten thousand. pg-boss plans its own insert again at each call, which
 * costs more than the write; this one is prepared once (2.3 times as fast) and writes the same job, which a test
 * compares column by column. Times are the database's: a client with a wrong clock is neither late nor early.
 */
const statement = (also = '') => `
with new as (
  select * from jsonb_to_recordset($1::jsonb) as new (
    ${submittedRecord}
  )
), task as (
  insert into darkroom.tasks (
    ${submittedColumns}
  )
  select
    ${submittedValues}
  from new
  returning id, task, queue, priority, result_expires, eta, expires_at, created_at
), job as (
  insert into pgboss.job (
    id, name, data, priority, policy, retry_limit, expire_seconds, deletion_seconds, keep_until, start_after
  )
  select
    id, case when eta > now() then '${delayedQueue}' else queue end, jsonb_build_object('task', task), priority,
    'standard', ${never}, ${never}, result_expires, 'infinity', coalesce(greatest(eta, now()), now())
  from task
), event as (
  insert into darkroom.events (task_id, state) select id, 'PENDING' from task
), deadline as (
  insert into darkroom.deadlines (expires_at, task_id) select expires_at, id from task where expires_at is not null
)
select id, queue, eta, expires_at, created_at${also} from task`

export const enqueueSql = statement()
export const enqueueAndWakeSql = statement(
  `, pg_notify('${channels.wake}', case when eta > created_at then '${delayedQueue}' else queue end) as woken`
)

/** Writes tasks in the caller's transaction; after its commit the caller wakes the workers. */
export async function enqueueIn(trx: InTransaction, tasks: NewTask[]): Promise<Enqueued[]> {
  const { rows } = await traced(tasks, () =>
    trx.executeQuery<Enqueued>(CompiledQuery.raw(enqueueSql, [JSON.stringify(tasks)]))
  )
  return rows
}

/** Through anything that can run a statement, such as a program's own connection inside its own transaction. */
export async function enqueueThrough(
  query: (text: string, values: unknown[]) => Promise<{ rows: any[] }>,
  tasks: NewTask[]
): Promise<Enqueued[]> {
  return (await query(enqueueSql, [JSON.stringify(tasks)])).rows
}

export async function enqueue(pool: Pool, tasks: NewTask[]): Promise<Enqueued[]> {
  const { rows } = await traced(tasks, () =>
    pool.query<Enqueued>({ name: 'enqueue', text: enqueueSql, values: [JSON.stringify(tasks)] })
  )
  return rows
}

/**
 * For a single task: its own commit wakes the workers, a round trip sooner than a NOTIFY afterwards. Postgres
 * serializes the commits that have a NOTIFY, so batches send theirs after their commit.
 */
export async function enqueueAndWake(pool: Pool, task: NewTask): Promise<Enqueued> {
  const { rows } = await traced([task], () =>
    pool.query({ name: 'enqueue and wake', text: enqueueAndWakeSql, values: [JSON.stringify([task])] })
  )
  const { woken: _, ...enqueued } = rows[0]
  return enqueued
}

/** The queue whose workers have to look: a delayed task waits in the queue of delayed tasks. */
export function queueToWake({ queue, eta, created_at }: Enqueued) {
  return eta !== null && eta > created_at ? delayedQueue : queue
}

/** Milliseconds until its start deadline, by the database's clock alone: ours may be off. Null without a deadline. */
export function timeToStart({ expires_at, created_at }: Enqueued) {
  return expires_at && expires_at.getTime() - created_at.getTime()
}
