import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Pool } from 'pg'

/** Seconds without a heartbeat after which a worker is held to be dead, and between two heartbeats. */
export const lease = 10
export const beat = 3

export interface Presence {
  id: string
  version: string
  queues: string[]
  concurrency: number
}

export async function register(pool: Pool, { id, version, queues, concurrency }: Presence) {
  await pool.query(
    'insert into darkroom.workers (id, host, pid, version, queues, concurrency) values ($1, $2, $3, $4, $5, $6)',
    [id, host(), process.pid, version, queues, concurrency]
  )
}

/**
 * Renews our lease and, unless told not to, ends those of workers that have gone silent. One statement: an idle
 * worker is to cost next to nothing. `alive` is false when another worker has held us to be dead.
 */
export async function renew(pool: Pool, id: string, endOthers: boolean): Promise<{ alive: boolean; lost: number }> {
  const { rows } = await pool.query<{ alive: boolean; lost: number }>(
    `with mine as (
      update darkroom.workers set heartbeat_at = now() where id = $1 and status = 'running' returning id
    ), lost as (
      update darkroom.workers set status = 'lost', stopped_at = now()
      where $2 and status = 'running' and id <> $1 and heartbeat_at < now() - ${lease} * interval '1 second'
      returning id
    )
    select exists (select from mine) as alive, (select count(*) from lost)::int as lost`,
    [id, endOthers]
  )
  return rows[0]!
}

/** After a kill -9 the next worker on the same machine need not wait for the lease: it can see who is gone. */
export async function endDeadNeighbours(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ id: string; pid: number }>(
    `select id, pid from darkroom.workers where status = 'running' and host = $1`,
    [host()]
  )
  const dead = rows.filter(({ pid }) => pid !== process.pid && !isAlive(pid)).map(({ id }) => id)
  if (dead.length === 0) return 0
  await pool.query(
    `update darkroom.workers set status = 'lost', stopped_at = now() where status = 'running' and id = any($1)`,
    [dead]
  )
  return dead.length
}

export async function unregister(pool: Pool, id: string) {
  await pool.query(
    `update darkroom.workers set status = 'stopped', stopped_at = now() where id = $1 and status = 'running'`,
    [id]
  )
}

/** True when some worker has shown itself within its lease. */
export async function someWorkerIsUp(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ up: boolean }>(
    `select exists (
      select from darkroom.workers
      where status = 'running' and heartbeat_at > now() - ${lease} * interval '1 second'
    ) as up`
  )
  return rows[0]!.up
}

/** Where a pid means something: two containers may share a host name, and a reboot starts pids anew. */
function host() {
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
