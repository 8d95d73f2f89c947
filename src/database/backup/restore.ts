import type { Readable } from 'node:stream'
import type pg from 'pg'
import { version } from '../../version.ts'
import type { Statement } from '../connect.ts'
import { type CopyFrom, copyFrom } from './copy.ts'
import { counter, end, first, openClient, type Told } from './dump.ts'
import { type Part, partsOf } from './parts.ts'
import { copyIn, listTables, type Manifest, schemaOf } from './tables.ts'

interface Asked extends Told {
  /** Replaces what the database has. */
  force: boolean
  /** The last statement of the transaction. */
  last: Statement
}

/** Replaces all rows of a migrated database by those of a dump, in one transaction. */
export async function restore(url: string, source: Readable, { force, last, say, signal }: Asked) {
  const parts = partsOf(source)
  const manifest = await readManifest(parts)
  const client = await openClient(url, 'darkroom restore')
  try {
    await client.query('begin')
    await refuse(client, manifest, force)
    // Before anything is removed: the audit has one against that.
    await triggers(client, 'disable')
    await empty(client, manifest)
    const forward = await dropForward(client, manifest)
    await fill(client, manifest, { parts, say, signal })
    await triggers(client, 'enable')
    for (const { table, definition } of forward) await client.query(`alter table ${table} add ${definition}`)
    for (const { name, value } of manifest.sequences) await client.query('select setval($1, $2, true)', [name, value])
    await client.query(last)
    await client.query('commit')
  } finally {
    await client.end().catch(() => {})
    source.destroy()
  }
}

async function readManifest(parts: AsyncGenerator<Part>): Promise<Manifest> {
  const unknown = 'The file is no dump of Darkroom'
  const lines = [await parts.next(), await parts.next()].map(({ value }) => (value?.type === 'line' ? value.text : ''))
  if (lines[0] !== first) throw new Error(unknown)
  try {
    return JSON.parse(lines[1]!.slice('-- '.length))
  } catch (cause) {
    throw new Error(unknown, { cause })
  }
}

async function refuse(client: pg.Client, manifest: Manifest, force: boolean) {
  const here = await schemaOf(client)
  if (JSON.stringify(here.migrations) !== JSON.stringify(manifest.migrations) || here.pgboss !== manifest.pgboss) {
    throw new Error(
      `The dump was made by Darkroom ${manifest.darkroom} (migrations up to ${manifest.migrations.at(-1)}), and this is ` +
        `${version} (up to ${here.migrations.at(-1)}): restore it with the version that made it, then upgrade`
    )
  }
  const { rows: sessions } = await client.query(
    `select from pg_stat_activity where datname = current_database() and application_name ~ '^darkroom (api|worker)'`
  )
  if (sessions.length > 0) throw new Error('API or worker of this database are running: stop them first')
  const { rows } = await client.query<{ used: boolean }>(
    'select exists (select from darkroom.tasks) or exists (select from darkroom.videos) as used'
  )
  if (rows[0]!.used && !force) {
    throw new Error('The database has tasks or videos already: restore into an empty one, or replace them with --force')
  }
}

async function empty(client: pg.Client, { tables, partitioned }: Manifest) {
  for (const queue of partitioned) {
    await client.query(
      `select pgboss.create_queue($1, '{"partition": true, "policy": "standard"}')
       where not exists (select from pgboss.queue where name = $1)`,
      [queue]
    )
  }
  const here = await listTables(client)
  const strange = tables.find(({ name, columns }) => {
    const same = here.find(table => table.name === name)
    return !same || columns.some(column => !same.columns.includes(column))
  })
  if (strange) throw new Error(`The dump has the table ${strange.name} with columns that this database does not have`)
  await client.query(`truncate ${here.map(({ name }) => name).join(', ')}, pgboss.queue_stats`)
}

/** The tasks of a dump are no new ones. */
async function triggers(client: pg.Client, verb: 'disable' | 'enable') {
  const { rows } = await client.query<{ table: string }>(
    `select distinct t.tgrelid::regclass::text as table
     from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
     where not t.tgisinternal and n.nspname = 'darkroom'`
  )
  for (const { table } of rows) await client.query(`alter table ${table} ${verb} trigger user`)
}

/** Drops foreign keys to tables that are filled later; Postgres checks them when they are added again. */
async function dropForward(client: pg.Client, { tables }: Manifest) {
  const { rows } = await client.query<{ table: string; other: string; name: string; definition: string }>(
    `select c.conrelid::regclass::text as table, c.confrelid::regclass::text as other, quote_ident(c.conname) as name,
       format('constraint %I %s', c.conname, pg_get_constraintdef(c.oid)) as definition
     from pg_constraint c join pg_namespace n on n.oid = c.connamespace
     where c.contype = 'f' and n.nspname in ('darkroom', 'pgboss')`
  )
  const placeOf = (name: string) => tables.findIndex(table => table.name === name)
  const forward = rows.filter(({ table, other }) => placeOf(table) >= 0 && placeOf(table) < placeOf(other))
  for (const { table, name } of forward) await client.query(`alter table ${table} drop constraint ${name}`)
  return forward
}

/** Runs only statements generated here: those in the file are for psql. */
async function fill(
  client: pg.Client,
  { tables }: Manifest,
  { parts, say, signal }: Told & { parts: AsyncGenerator<Part> }
) {
  const left = [...tables]
  let copy: CopyFrom | undefined
  let count: ReturnType<typeof counter> | undefined
  let isComplete = false
  for await (const part of parts) {
    signal.throwIfAborted()
    if (part.type === 'rows') {
      count?.add(part.data)
      await copy?.write(part.data)
    } else if (part.type === 'end') {
      await copy?.end()
      count?.end()
    } else if (part.text === end) isComplete = true
    else if (part.text.startsWith('COPY ')) {
      const table = left.shift()
      if (!table || part.text !== `${copyIn(table, client)};`) throw new Error('The dump is damaged')
      count = counter(table.name, say)
      copy = await copyFrom(client, copyIn(table, client))
    }
  }
  if (!isComplete || left.length > 0) throw new Error('The dump is cut off: its end is missing')
}
