import pg, { type ClientBase } from 'pg'

/** Tables that stay small, and why: a statement may read all of one. */
export const smallTables: Record<string, string> = {
  workers: 'those that run, and those that ended within a day',
  kinds: 'a row for each kind',
  queues: 'a row for each paused queue',
  queue: 'a row for each queue',
  schedule: 'a row for each schedule with a cron text',
  declared_schedules: 'a row for each schedule of a task module',
  installation: 'one row',
  webhooks: 'a row for each address',
  uncounted: 'emptied every few seconds'
}

export interface Look {
  /** Rows of growing tables that were read, entries of their indexes where only these were, and pairs that a join tried. */
  rows: number
  /** Growing tables that were read from end to end. */
  whole: string[]
  milliseconds: number
  plan: string
}

interface Plan {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Join Filter'?: number
  Plans?: Plan[]
}

/**
 * Runs a statement by the plan that Postgres keeps for it, and takes it back. What functions and triggers read counts,
 * too: Postgres counts rows for each table in each transaction.
 */
export async function look(client: ClientBase, text: string, values: unknown[]): Promise<Look> {
  await client.query('begin')
  try {
    await client.query(`prepare looked as ${text}`)
    const given = values.length > 0 ? `(${values.map(literal).join(', ')})` : ''
    const before = await counters(client)
    const { rows } = await client.query(`explain (analyze, format json) execute looked ${given}`)
    const after = await counters(client)
    const [{ Plan, ...times }] = rows[0]['QUERY PLAN']
    const grown = [...after].map(([name, now]) => {
      const then = before.get(name) ?? { scans: 0, rows: 0 }
      return { name, scans: now.scans - then.scans, rows: now.rows - then.rows }
    })
    return {
      rows: grown.reduce((sum, { rows }) => sum + rows, 0) + entriesOf(Plan),
      whole: grown.filter(({ scans }) => scans > 0).map(({ name }) => name),
      milliseconds: times['Execution Time'],
      plan: JSON.stringify(
        Plan,
        ['Node Type', 'Relation Name', 'Index Name', 'Index Cond', 'Filter', 'Actual Rows', 'Actual Loops', 'Plans'],
        2
      )
    }
  } finally {
    await client.query('rollback')
    await client.query('deallocate all')
  }
}

/** A growing table's scans from end to end, and the rows that were read of it. */
async function counters(client: ClientBase) {
  const { rows } = await client.query<{ name: string; scans: number; rows: number }>(
    `select relname as name, seq_scan::int as scans, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows
    from pg_stat_xact_user_tables where schemaname in ('darkroom', 'pgboss') and relname <> all($1)`,
    [Object.keys(smallTables)]
  )
  return new Map(rows.map(row => [row.name, row]))
}

/** What the counters do not have. */
function entriesOf(plan: Plan): number {
  const isCounted = plan['Node Type'] === 'Index Only Scan' && !(plan['Relation Name']! in smallTables)
  const entries = isCounted ? plan['Actual Rows'] : 0
  const own = Math.round((entries + (plan['Rows Removed by Join Filter'] ?? 0)) * plan['Actual Loops'])
  return own + (plan.Plans ?? []).reduce((sum, each) => sum + entriesOf(each), 0)
}

function literal(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return pg.escapeLiteral(`{${value.map(each => JSON.stringify(each)).join(',')}}`)
  return pg.escapeLiteral(typeof value === 'object' ? JSON.stringify(value) : String(value))
}
