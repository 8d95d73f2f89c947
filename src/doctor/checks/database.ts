import type { CheckNeeds, Finding } from '../finding.ts'

interface Facts {
  connections: number
  max_connections: number
  reserved: number
  notify_usage: number
  autovacuum: string
  fsync: string
  full_page_writes: string
  synchronous_commit: string
  now: Date
  version: string
}

export const factsSql = `
select
  (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections,
  current_setting('max_connections')::int as max_connections,
  current_setting('superuser_reserved_connections')::int as reserved,
  pg_notification_queue_usage() as notify_usage,
  current_setting('autovacuum') as autovacuum,
  current_setting('fsync') as fsync,
  current_setting('full_page_writes') as full_page_writes,
  current_setting('synchronous_commit') as synchronous_commit,
  clock_timestamp() as now,
  current_setting('server_version') as version`

/** Settings of Postgres that lose work or slow it down, and resources that run out. */
export async function checkDatabase({ pool }: CheckNeeds): Promise<Finding[]> {
  const sent = Date.now()
  const { rows } = await pool.query<Facts>(factsSql)
  const facts = rows[0]!
  return [...checkSettings(facts), ...checkConnections(facts), ...checkNotify(facts), ...checkClock(facts, sent)]
}

function checkSettings({ autovacuum, fsync, full_page_writes, synchronous_commit }: Facts): Finding[] {
  const findings: Finding[] = []
  if (autovacuum === 'off') {
    findings.push({
      code: 'autovacuum_off',
      severity: 'critical',
      what: 'Autovacuum is off',
      why: 'The job tables change all the time; without it claims take longer and longer, and the disk fills',
      evidence: { autovacuum },
      fix: 'alter system set autovacuum = on; select pg_reload_conf();'
    })
  }
  for (const [name, value] of Object.entries({ fsync, full_page_writes, synchronous_commit })) {
    if (value !== 'off') continue
    findings.push({
      code: `${name}_off`,
      severity: name === 'synchronous_commit' ? 'warning' : 'critical',
      what: `${name} is off`,
      why: 'Tasks that were answered with 201 can be lost when the machine or Postgres crashes',
      evidence: { [name]: value },
      fix: `alter system set ${name} = on; select pg_reload_conf();`
    })
  }
  return findings
}

function checkConnections({ connections, max_connections, reserved }: Facts): Finding[] {
  const free = max_connections - reserved - connections
  if (free >= Math.max(10, max_connections * 0.1)) return []
  return [
    {
      code: 'connections_low',
      severity: free < 5 ? 'critical' : 'warning',
      what: `${connections} of ${max_connections} connections are open`,
      why: 'The next worker, API or psql may be refused',
      evidence: { connections, max_connections, reserved },
      fix: `alter system set max_connections = ${max_connections * 2}; then restart Postgres`
    }
  ]
}

function checkNotify({ notify_usage }: Facts): Finding[] {
  if (notify_usage < 0.1) return []
  return [
    {
      code: 'notify_queue_filling',
      severity: notify_usage > 0.5 ? 'critical' : 'warning',
      what: `The queue of notifications is ${Math.round(notify_usage * 100)} % full`,
      why: 'A session listens inside an open transaction; once the queue is full, every commit with a notification fails',
      evidence: { notify_usage },
      fix: "select pid, pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and query ilike 'listen%';"
    }
  ]
}

// Milliseconds. The answer may have taken part of it.
const tolerated = 5_000

function checkClock({ now }: Facts, sent: number): Finding[] {
  const off = now.getTime() - (sent + Date.now()) / 2
  if (Math.abs(off) < tolerated) return []
  const seconds = Math.round(off / 1000)
  return [
    {
      code: 'clock_differs',
      severity: 'warning',
      what: `The clocks of the API's machine and of the database differ by ${Math.abs(seconds)} s`,
      why: 'Tasks and schedules go by the clock of the database; logs of this machine tell other times',
      evidence: { seconds },
      fix: 'timedatectl set-ntp true (on both machines)'
    }
  ]
}
