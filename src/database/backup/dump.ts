import pg from 'pg'
import { version } from '../../version.ts'
import { copyTo } from './copy.ts'
import { copyIn, copyOut, listTables, type Manifest, schemaOf } from './tables.ts'

export interface Told {
  say: (message: string) => void
  signal: AbortSignal
}

/** First and last line: a dump without the last one is cut off. */
export const first = '-- Darkroom dump'
export const end = '-- complete'

/**
 * All rows of `darkroom` and `pgboss` in one snapshot, in the plain format of pg_dump. pg_dump itself must be as new as
 * the server, and no package that we could install brings one for the embedded Postgres 18.
 */
export async function* dump(url: string, { say, signal }: Told): AsyncGenerator<string | Buffer> {
  const client = await openClient(url, 'darkroom dump')
  try {
    await client.query('begin transaction isolation level repeatable read read only')
    const manifest = await describe(client)
    yield `${first}\n-- ${JSON.stringify(manifest)}\n`
    for (const table of manifest.tables) {
      yield `\n${copyIn(table, client)};\n`
      const count = counter(table.name, say)
      for await (const rows of copyTo(client, copyOut(table, client))) {
        signal.throwIfAborted()
        count.add(rows)
        yield rows
      }
      yield '\\.\n'
      count.end()
    }
    for (const { name, value } of manifest.sequences) yield `\nSELECT pg_catalog.setval('${name}', ${value}, true);\n`
    // By psql the rows above were noted as new tasks.
    yield `\nTRUNCATE darkroom.uncounted;\n\n${end}\n`
  } finally {
    await client.end()
  }
}

async function describe(client: pg.Client): Promise<Manifest> {
  const tables = await listTables(client)
  const { rows: sequences } = await client.query<Manifest['sequences'][number]>(
    `select format('%I.%I', schemaname, sequencename) as name, last_value::int8 as value from pg_sequences
     where schemaname in ('darkroom', 'pgboss') and last_value is not null`
  )
  const { rows: queues } = await client.query<{ name: string }>('select name from pgboss.queue where partition')
  const { rows } = await client.query<{ at: string; postgres: string }>(
    `select now()::text as at, current_setting('server_version') as postgres`
  )
  return {
    format: 1,
    darkroom: version,
    ...rows[0]!,
    ...(await schemaOf(client)),
    tables,
    sequences: sequences.map(({ name, value }) => ({ name, value: Number(value) })),
    partitioned: queues.map(({ name }) => name)
  }
}

/** A connection without timeouts: dump and restore take as long as the tables are large. */
export async function openClient(url: string, application_name: string) {
  const settings = {
    statement_timeout: 0,
    idle_in_transaction_session_timeout: 0,
    timezone: 'UTC',
    datestyle: 'ISO',
    intervalstyle: 'postgres',
    bytea_output: 'hex',
    extra_float_digits: 1
  }
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
  const client = new pg.Client({ connectionString: url, application_name, keepAlive: true, options: options.join(' ') })
  // The running statement rejects with the same error.
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Reports the row count of a table at its end, and every few seconds meanwhile. */
export function counter(table: string, say: (message: string) => void) {
  const pause = 5_000
  let rows = 0
  let next = performance.now() + pause
  return {
    add(data: Buffer) {
      for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) rows++
      if (performance.now() < next) return
      next = performance.now() + pause
      say(`${table}: ${rows.toLocaleString('en')} rows so far`)
    },
    end: () => say(`${table}: ${rows.toLocaleString('en')} rows`)
  }
}
