import type { Pool } from 'pg'
import { type Problem, timeText } from '../problem.ts'

export interface Holder {
  pid: number
  application: string
  login: string
  since: Date
  tables: string[]
  blocks: number
}

/** Transactions that have held locks on our tables for longer than a few seconds; those that wait are not the cause. */
export const findHoldersSql = `
select
  pid, coalesce(application, '') as application, coalesce(login, '') as login, since, cardinality(blocks) as blocks,
  array(
    select distinct split_part(lock, ' ', 1) from unnest(tables) lock where lock not like '% AccessShareLock'
  ) as tables
from darkroom.lock_holders()
where not waits and since < now() - $1 * interval '1 second'`

// Seconds.
const long = 30
const longWhereOthersWait = 5

export async function lockProblems(pool: Pool): Promise<Problem[]> {
  const { rows } = await pool.query<Holder>(findHoldersSql, [longWhereOthersWait])
  const now = Date.now()
  return rows
    .filter(({ tables, blocks, since }) => tables.length > 0 && (blocks > 0 || now - since.getTime() > long * 1000))
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
