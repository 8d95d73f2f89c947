import type { CheckNeeds, Finding } from '../finding.ts'

interface Row {
  table: string
  live: number
  dead: number
  bytes: number
  vacuumed_at: Date | null
}

/** Our tables with many dead rows. */
export const bloatedTablesSql = `
select schemaname || '.' || relname as table, n_live_tup::int8 as live, n_dead_tup::int8 as dead,
  pg_total_relation_size(relid) as bytes, greatest(last_vacuum, last_autovacuum) as vacuumed_at
from pg_stat_user_tables
where schemaname in ('darkroom', 'pgboss') and n_dead_tup > 10000 and n_dead_tup > n_live_tup / 2
order by n_dead_tup desc limit 10`

export async function checkTables({ pool }: CheckNeeds): Promise<Finding[]> {
  const { rows } = await pool.query<Row>(bloatedTablesSql)
  return rows.map(row => ({
    code: 'dead_rows',
    severity: row.dead > 1_000_000 ? 'warning' : 'notice',
    what: `${row.table} has ${row.dead} dead rows beside ${row.live} live ones`,
    why: 'Queries read dead rows, too; autovacuum is behind, or an open transaction holds it back',
    evidence: { ...row },
    fix: `vacuum (analyze) ${row.table};`
  }))
}
