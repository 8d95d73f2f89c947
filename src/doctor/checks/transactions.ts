import type { CheckNeeds, Finding } from '../finding.ts'

interface Row {
  pid: number
  login: string
  application: string
  state: string
  seconds: number
  holds: string
}

/** Sessions that keep vacuum from removing dead rows, for longer than a minute. */
export const oldSnapshotsSql = `
select pid, coalesce(usename, '') as login, application_name as application, coalesce(state, '') as state,
  extract(epoch from now() - coalesce(xact_start, query_start))::int as seconds, 'session' as holds
from pg_stat_activity
where backend_xmin is not null and pid <> pg_backend_pid() and coalesce(xact_start, query_start) < now() - interval '1 minute'
  and backend_type = 'client backend'
union all
select coalesce(active_pid, 0), '', slot_name::text, case when active then 'active' else 'inactive' end, 0, 'slot'
from pg_replication_slots where xmin is not null or (catalog_xmin is not null and not active)
union all
select 0, owner::text, gid, 'prepared', extract(epoch from now() - prepared)::int, 'prepared'
from pg_prepared_xacts where database = current_database()
order by seconds desc limit 10`

export async function checkTransactions({ pool }: CheckNeeds): Promise<Finding[]> {
  const { rows } = await pool.query<Row>(oldSnapshotsSql)
  return rows.map(findingOf)
}

function findingOf(row: Row): Finding {
  const { pid, login, application, state, seconds, holds } = row
  const names = {
    session: `A transaction of ${login}${application && ` (${application})`} is open for ${seconds} s (${state})`,
    slot: `The replication slot "${application}" holds back vacuum`,
    prepared: `The prepared transaction "${application}" is open for ${seconds} s`
  }
  const fixes = {
    session: `select pg_terminate_backend(${pid});`,
    slot: `select pg_drop_replication_slot('${application}');`,
    prepared: `rollback prepared '${application}';`
  }
  return {
    code: holds === 'session' && state === 'idle in transaction' ? 'idle_in_transaction' : 'old_snapshot',
    severity: seconds > 600 || holds !== 'session' ? 'warning' : 'notice',
    what: names[holds as keyof typeof names],
    why: 'Vacuum removes nothing that is younger; at thousands of tasks a second claims become slower within a minute',
    evidence: { ...row },
    fix: fixes[holds as keyof typeof fixes]
  }
}
