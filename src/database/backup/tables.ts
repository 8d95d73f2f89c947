import type pg from 'pg'

export interface Table {
  name: string
  columns: string[]
}

/** Tables that each installation fills for itself; a restore keeps their rows. */
const ownedByInstallation = [
  ...['darkroom.migrations', 'darkroom.migrations_lock', 'darkroom.uncounted'],
  ...['pgboss.version', 'pgboss.bam', 'pgboss.instance', 'pgboss.queue_stats']
]

// Partitions are copied through their parents, so that the restored database may have other ones.
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

/** The tables with user data, each after the tables that it refers to, as far as possible. */
export async function listTables(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table & { oid: number }>(tables)
  const { rows: edges } = await client.query<{ child: number; parent: number }>(references)
  const left = new Map(rows.filter(({ name }) => !ownedByInstallation.includes(name)).map(row => [row.oid, row]))
  const ordered: Table[] = []
  while (left.size > 0) {
    const free = [...left.values()].filter(
      ({ oid }) => !edges.some(({ child, parent }) => child === oid && parent !== oid && left.has(parent))
    )
    // In a circle of references any table may be first: a restore drops that table's reference while it copies.
    for (const { oid, name, columns } of free.length > 0 ? free : [...left.values()].slice(0, 1)) {
      ordered.push({ name, columns })
      left.delete(oid)
    }
  }
  return ordered
}

export interface Manifest {
  /** Version of this format. */
  format: 1
  darkroom: string
  postgres: string
  migrations: string[]
  pgboss: number
  at: string
  tables: Table[]
  sequences: { name: string; value: number }[]
  /** Queues that have a table of their own. */
  partitioned: string[]
}

/** What two databases must share for rows of one to fit into the other. */
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

/** A partitioned table can only be copied through a query. */
export function copyOut({ name, columns }: Table, client: pg.Client) {
  return `COPY (SELECT ${listed(columns, client)} FROM ${name}) TO stdout`
}

function listed(columns: string[], client: pg.Client) {
  return columns.map(column => client.escapeIdentifier(column)).join(', ')
}
