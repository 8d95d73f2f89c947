import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Pool } from 'pg'
import type { Sandbox } from '#media/lock/sandbox.ts'
import { lease } from '#tasks/attempts/takers.ts'
import type { Tally } from './tally.ts'

/** Seconds between two heartbeats. */
export const beat = 3

/** Kinds of task by where their bodies run: in a child process, or in the worker's own event loop. */
export interface Pools {
  child: string[]
  inline: string[]
}

export interface Presence {
  id: string
  version: string
  queues: string[]
  pools: Pools
  concurrency: number
  /** Kinds that it knows and does not take. */
  withheld?: string[]
  /** What it has proved about its decoders. */
  mediaSandbox?: Sandbox
}

/** `warm`: after its running attempts have ended. `cold`: at once, handing its attempts back. */
export type Shutdown = 'warm' | 'cold'

/** Desired state in a worker's row, read with each heartbeat. */
export interface Desired {
  concurrency: number
  paused: boolean
  shutdown: Shutdown | null
}

/** Measurements that a worker sends with each heartbeat. */
export interface Report {
  children: number
  /** Bytes. */
  memory: number | null
  /** Cores. */
  cpu: number | null
  tasks: Tally
}

const desired = 'concurrency, paused_at is not null as paused, shutdown'

/**
 * A worker that registers under a new id takes over the desired state of its former row. When a start is retried, the row
 * may exist already; the worker has claimed nothing by then.
 */
export async function register(pool: Pool, presence: Presence, former: string | null = null): Promise<Desired> {
  const { id, version, queues, pools, concurrency, withheld = [], mediaSandbox = null } = presence
  const kinds = [...pools.child, ...pools.inline]
  const { rows } = await pool.query<Desired>(
    `insert into darkroom.workers
      (id, host, machine, pid, version, queues, kinds, inline_kinds, concurrency, paused_at, shutdown, withheld_kinds, media_sandbox)
    select
      $1, $2, $3, $4, $5, $6, $7, $8, coalesce(former.concurrency, $9), former.paused_at, former.shutdown, $11, $12
    from (values (1)) one left join darkroom.workers former on former.id = $10
    on conflict (id) do update set status = 'running', started_at = now(), heartbeat_at = now(), stopped_at = null
    returning ${desired}`,
    [
      id,
      hostname(),
      machine(),
      process.pid,
      version,
      queues,
      kinds,
      pools.inline,
      concurrency,
      former,
      withheld,
      mediaSandbox && JSON.stringify(mediaSandbox)
    ]
  )
  return rows[0]!
}

// Seconds. After one missed heartbeat of a worker on this machine its process is worth checking.
const missed = beat * 1.5

const renewText = `
with mine as (
  update darkroom.workers set
    heartbeat_at = now(), children = $3, memory = $4, cpu = $5, tasks = $6
  where id = $1 and status = 'running'
  returning ${desired}
), silent as materialized (
  select id from darkroom.workers
  where $2 and status = 'running' and id <> $1 and heartbeat_at < now() - ${lease} * interval '1 second'
  for update skip locked
), lost as (
  update darkroom.workers w set status = 'lost', stopped_at = now()
  from silent
  where w.id = silent.id
  returning w.id
)
select
  (select to_json(mine) from mine) as desired,
  (select count(*) from lost)::int as lost,
  exists (
    select from darkroom.workers
    where status = 'running' and machine = $7 and heartbeat_at < now() - ${missed} * interval '1 second'
  ) as missed`

/**
 * Renews the worker's lease, reports its usage, reads its desired state, and marks silent workers as lost unless told
 * not to. One statement, so that an idle worker costs next to nothing. The desired state is null for a worker that was
 * marked as lost. Waits for no row but the worker's own: silent workers whose rows are locked are marked later.
 */
export async function renew(
  pool: Pool,
  id: string,
  { children, memory, cpu, tasks }: Report,
  endOthers: boolean
): Promise<{ desired: Desired | null; lost: number }> {
  const statement = {
    text: renewText,
    values: [id, endOthers, children, memory, cpu, JSON.stringify(tasks), machine()],
    // Over a dead connection, a statement would wait for a quarter of an hour.
    query_timeout: lease * 1000
  }
  const { rows } = await pool.query<{ desired: Desired | null; lost: number; missed: boolean }>(statement)
  const { desired, lost, missed } = rows[0]!
  return { desired, lost: lost + (missed ? await endDeadNeighbours(pool) : 0) }
}

/** After a kill -9 a worker on the same machine need not wait for the lease: it checks that the process is gone. */
export async function endDeadNeighbours(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ id: string; pid: number }>(
    `select id, pid from darkroom.workers where status = 'running' and machine = $1`,
    [machine()]
  )
  const dead = rows.filter(({ pid }) => pid !== process.pid && !isAlive(pid)).map(({ id }) => id)
  if (dead.length === 0) return 0
  const { rowCount } = await pool.query(
    `with dead as materialized (
      select id from darkroom.workers where status = 'running' and id = any($1) for update skip locked
    )
    update darkroom.workers w set status = 'lost', stopped_at = now() from dead where w.id = dead.id`,
    [dead]
  )
  return rowCount ?? 0
}

/** Marks the worker as ending, also after a signal. */
export async function sayEnding(pool: Pool, id: string) {
  await pool.query(`update darkroom.workers set shutdown = coalesce(shutdown, 'warm') where id = $1`, [id])
}

export async function unregister(pool: Pool, id: string, tasks?: Tally) {
  await pool.query(
    `update darkroom.workers set status = 'stopped', stopped_at = now(), children = 0, tasks = coalesce($2, tasks)
    where id = $1 and status = 'running'`,
    [id, tasks && JSON.stringify(tasks)]
  )
}

/** True when a worker has renewed its lease and is not ending. A paused worker counts: a pause is no failure. */
export async function someWorkerIsUp(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ up: boolean }>(
    `select exists (
      select from darkroom.workers
      where status = 'running' and shutdown is null and heartbeat_at > now() - ${lease} * interval '1 second'
    ) as up`
  )
  return rows[0]!.up
}

/** Scope of a pid: containers may share a host name, and pids start again after a reboot. */
function machine() {
  return [
    hostname(),
    quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    quietly(() => readlinkSync('/proc/self/ns/pid'))
  ]
    .filter(Boolean)
    .join(' ')
}

function quietly(read: () => string) {
  try {
    return read()
  } catch {
    return ''
  }
}

function isAlive(pid: number) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
