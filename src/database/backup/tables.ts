import type pg from 'pg'

export interface Table {
  name: string
  columns: string[]
}

/** What an installation makes for itself: a restore finds it there. */
const ownedByInstallation = [
  ...['darkroom.migrations', 'darkroom.migrations_lock'],
  ...['pgboss.version', 'pgboss.bam', 'pgboss.instance', 'pgboss.queue_stats']
]

// Partitions are reached through their parents, so that a restore need not have the same ones.
const tables = `
  select c.oid::int as oid, format('%I.%I', n.nspname, c.relname) as name, array_agg(a.attname::text order by a.attnum) as columns
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  where n.nspname in ('darkroom', 'pgboss') and c.relkind in ('r', 'p') and not c.relispartition
  group by c.oid, n.nspname, c.relname
  order by n.nspname, c.relname`

const references = `
  select distinct coalesce(pg_partition_root(conrelid), conrelid)::oid::int as child,
    coalesce(pg_partition_root(confrelid), confrelid)::oid::int as parent
  from pg_constraint where contype = 'f'`

/** The tables that hold what users made, each after those that it refers to, as far as that is possible. */
export async function listTables(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table & { oid: number }>(tables)
  const { rows: edges } = await client.query<{ child: number; parent: number }>(references)
  const left = new Map(rows.filter(({ name }) => !ownedByInstallation.includes(name)).map(row => [row.oid, row]))
  const ordered: Table[] = []
  while (left.size > 0) {
    const free = [...left.values()].filter(
      ({ oid }) => !edges.some(({ child, parent }) => child === oid && parent !== oid && left.has(parent))
    )
    // In a circle any may be the first: a restore drops the reference of that one while it copies.
    for (const { oid, name, columns } of free.length > 0 ? free : [...left.values()].slice(0, 1)) {
      ordered.push({ name, columns })
      left.delete(oid)
    }
  }
  return ordered
}

export interface Manifest {
  /** Of this format. */
  format: 1
  darkroom: string
  postgres: string
  migrations: string[]
  pgboss: number
  at: string
  tables: Table[]
  sequences: { name: string; value: number }[]
  /** Queues with a table of their own. */
  partitioned: string[]
}

/** What two databases must have in common for rows of one to fit into the other. */
export async function schemaOf(client: pg.Client): Promise<Pick<Manifest, 'migrations' | 'pgboss'>> {
  const { rows } = await client.query<{ migrations: string[]; pgboss: number }>(
    `select (select coalesce(array_agg(name::text order by name), '{}') from darkroom.migrations) as migrations,
      (select version::int from pgboss.version) as pgboss`
  )
  return rows[0]!
}

export function copyIn({ name, columns }: Table, client: pg.Client) {
  return `COPY ${name} (${listed(columns, client)}) FROM stdin`
}

/** A partitioned table can be copied by a query only. */
export function copyOut({ name, columns }: Table, client: pg.Client) {
  return `COPY (SELECT ${listed(columns, client)} FROM ${name}) TO stdout`
}

function listed(columns: string[], client: pg.Client) {
  return columns.map(column => client.escapeIdentifier(column)).join(', ')
}
