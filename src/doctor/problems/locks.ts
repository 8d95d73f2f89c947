import type { Pool } from 'pg'
import { type Problem, timeText } from '../problem.ts'

export interface Holder {
  pid: number
  application: string
  login: string
  state: string
  since: Date
  tables: string[]
  blocks: number
}

/** Transactions that have held locks on our tables for longer than a few seconds, and how many sessions wait for each. */
export const findHoldersSql = `
select
  a.pid, a.application_name as application, coalesce(a.usename, '') as login, coalesce(a.state, '') as state,
  a.xact_start as since,
  (
    select array_agg(distinct n.nspname || '.' || c.relname)
    from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
    where l.pid = a.pid and l.granted and n.nspname in ('darkroom', 'pgboss') and c.relkind in ('r', 'p')
      and l.mode <> 'AccessShareLock'
  ) as tables,
  (select count(*)::int from pg_stat_activity waiting where a.pid = any(pg_blocking_pids(waiting.pid))) as blocks
from pg_stat_activity a
where a.datname = current_database() and a.pid <> pg_backend_pid() and a.xact_start < now() - $1 * interval '1 second'`

// Seconds.
const long = 30
const longWhereOthersWait = 5

export async function lockProblems(pool: Pool): Promise<Problem[]> {
  const { rows } = await pool.query<Holder>(findHoldersSql, [longWhereOthersWait])
  const now = Date.now()
  return rows
    .filter(({ tables, blocks, since }) => tables !== null && (blocks > 0 || now - since.getTime() > long * 1000))
    .map(problemOf)
}

function problemOf({ pid, application, login, since, tables, blocks }: Holder): Problem {
  const waiting =
    blocks === 0 ? 'nothing waits for it yet' : `${blocks === 1 ? '1 session waits' : `${blocks} sessions wait`} for it`
  const name = application === '' ? '' : ` (${application})`
  return {
    code: 'database_locked',
    sentence: `A transaction of ${login}${name} has held locks on ${tables.slice(0, 3).join(', ')} since ${timeText(since)}, and ${waiting}: commit it, or end it with "select pg_terminate_backend(${pid})"`,
    since,
    severity: blocks > 0 ? 'critical' : 'warning',
    subject: { type: 'session', id: String(pid) },
    actions: []
  }
}
