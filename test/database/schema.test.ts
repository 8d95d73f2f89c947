import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { connect } from '../../src/database/connect.ts'
import { borrowDatabase } from '../harness/database.ts'

const source = await readFile(path.resolve(import.meta.dirname, '../../src/database/tables.ts'), 'utf8')

interface Column {
  column_name: string
  data_type: string
  is_nullable: 'YES' | 'NO'
  column_default: string | null
}

// The TypeScript type of a column, without null and default.
const types: Record<string, string> = {
  uuid: 'string',
  text: 'string',
  'character varying': 'string',
  smallint: 'number',
  integer: 'number',
  bigint: 'number',
  bytea: 'Buffer',
  real: 'number',
  'double precision': 'number',
  boolean: 'boolean',
  json: 'Json',
  jsonb: 'Json',
  'timestamp with time zone': 'Date',
  ARRAY: 'string[]',
  'ARRAY of _int4': 'number[]'
}

/** Names of the tables' interfaces, from the interface `Tables`. */
const tables = Object.fromEntries(
  [...membersOf('Tables')].map(([name, type]) => [name.replaceAll("'", ''), type] as const)
)

function membersOf(name: string): Map<string, string> {
  const body = new RegExp(`interface ${name} \\{\\n([^}]*)\\}`).exec(source)?.[1]
  if (body === undefined) throw new Error(`There is no interface ${name}`)
  return new Map([...body.matchAll(/^ {2}('?[\w.]+'?): (.+)$/gm)].map(([, member, type]) => [member!, type!]))
}

/** Unwraps `Generated<State>`: a value with a default, of the words that State names. */
function read(written: string) {
  const wrapper = /^(Generated|GeneratedAlways|Nullable|NullableJson|Json)(?:<(.+)>)?$/.exec(written)
  const [, outer, inner = 'unknown'] = wrapper ?? [undefined, undefined, written]
  const json = outer === 'Json' || outer === 'NullableJson' || inner === 'unknown'
  return {
    nullable: outer?.startsWith('Nullable') === true || / \| null$/.test(inner),
    generated: outer === 'Generated' || outer === 'GeneratedAlways',
    type: json ? 'Json' : kindOf(inner.replace(/ \| null$/, ''))
  }
}

/** A union of words, named or inline, is a text to Postgres. */
function kindOf(type: string): string {
  if (type.endsWith('[]')) return `${kindOf(type.slice(0, -2))}[]`
  return /^'/.test(type) || new RegExp(`^export type ${type} = ('|\\(typeof )`, 'm').test(source) ? 'string' : type
}

t.test('the TypeScript type of every table and column matches Postgres', async t => {
  const db = connect(await borrowDatabase(t), { name: 'schema', max: 1 })
  t.teardown(() => db.close())
  const columnsOf = async (schema: string, table: string) => {
    const { rows } = await db.pool.query<Column>(
      `select column_name, is_nullable,
        case udt_name when '_int4' then 'ARRAY of _int4' else data_type end as data_type, coalesce(column_default, identity_generation) as column_default
      from information_schema.columns
      where table_schema = $1 and table_name = $2 order by column_name`,
      [schema, table]
    )
    return new Map(rows.map(row => [row.column_name, row]))
  }

  const { rows } = await db.pool.query<{ table_name: string; table_type: string }>(
    `select table_name, table_type from information_schema.tables
    where table_schema = 'darkroom' and table_name not like 'migrations%'`
  )
  // For the columns of a view Postgres knows neither null nor a default. Not every view is read here.
  const views = rows.filter(({ table_type }) => table_type === 'VIEW').map(({ table_name }) => table_name)
  t.strictSame(
    Object.keys(tables)
      .filter(name => !name.startsWith('pgboss.') && !views.includes(name))
      .sort(),
    rows
      .map(({ table_name }) => table_name)
      .filter(name => !views.includes(name))
      .sort()
  )

  for (const [name, type] of Object.entries(tables)) {
    t.test(name, async t => {
      const foreign = name.startsWith('pgboss.')
      const real = await columnsOf(foreign ? 'pgboss' : 'darkroom', name.replace('pgboss.', ''))
      const written = membersOf(type)

      // Of a table that is not ours the interface has only the columns that we read.
      if (!foreign) t.strictSame([...written.keys()].sort(), [...real.keys()].sort(), 'the same columns')
      for (const [column, text] of written) {
        const { data_type, is_nullable, column_default } =
          real.get(column) ?? (t.fail(`there is no ${column}`) as never)
        const { nullable, generated, type } = read(text)
        t.equal(type, types[data_type] ?? (foreign ? 'string' : data_type), `${column} is ${data_type}`)
        if (views.includes(name)) continue
        t.equal(nullable || (foreign && type === 'Json'), is_nullable === 'YES', `${column} may be null or not`)
        if (!foreign)
          t.equal(
            generated,
            column_default !== null && is_nullable === 'NO' && type !== 'Json',
            `${column} has a default or not`
          )
      }
    })
  }
})

t.test('the words of a check constraint are the words of its type', async t => {
  const db = connect(await borrowDatabase(t), { name: 'schema', max: 1 })
  t.teardown(() => db.close())
  const types = {
    tasks_state: /export const states = ([^\n]+)/,
    attempts_outcome: /export const attemptOutcomes = ([^\]]+)/,
    prints_status: /export type PrintStatus =([^\n]+)/,
    workers_status: /interface WorkersTable[^}]+status: Generated<([^>]+)>/,
    workers_shutdown: /interface WorkersTable[^}]+shutdown: Nullable<([^>]+)>/
  }

  const { rows } = await db.pool.query<{ conname: string; definition: string }>(
    'select conname, pg_get_constraintdef(oid) as definition from pg_constraint where conname = any($1)',
    [Object.keys(types)]
  )

  t.equal(rows.length, Object.keys(types).length)
  for (const { conname, definition } of rows) {
    const words = (text: string) => [...text.matchAll(/'([A-Za-z_]+)'/g)].map(([, word]) => word).sort()
    t.strictSame(words(definition), words(types[conname as keyof typeof types].exec(source)![1]!), conname)
  }
})

t.test('the name of each of our tables and columns needs no quotes', async t => {
  const db = connect(await borrowDatabase(t), { name: 'schema', max: 1 })
  t.teardown(() => db.close())

  const { rows } = await db.pool.query(
    `select table_name, column_name from information_schema.columns
    where table_schema = 'darkroom' and (column_name !~ '^[a-z][a-z0-9_]*$' or table_name !~ '^[a-z][a-z0-9_]*$')`
  )

  t.strictSame(rows, [])
})
