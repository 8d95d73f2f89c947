import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'
import { connect } from '../../src/database/connect.ts'
import { borrowDatabase } from '../harness/database.ts'

const db = connect(await borrowDatabase(t), { name: 'test', max: 1 })
t.teardown(() => db.close())

t.test('every object and column of the schema ops has a comment, and every function of ours', async t => {
  const { rows } = await db.pool.query(
    `select c.relname || coalesce('.' || a.attname, '') as bare
    from pg_class c
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace = 'ops'::regnamespace and coalesce(col_description(c.oid, a.attnum), '') = ''
    union all
    select c.relname::text from pg_class c
    where c.relnamespace = 'ops'::regnamespace and coalesce(obj_description(c.oid, 'pg_class'), '') = ''
    union all
    select p.oid::regprocedure::text from pg_proc p
    where p.pronamespace in ('ops'::regnamespace, 'darkroom'::regnamespace)
      and coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
    union all
    select 'ops' where obj_description('ops'::regnamespace, 'pg_namespace') is null`
  )

  t.strictSame(rows, [])
})

t.test('its names are those of the README', async t => {
  const { rows } = await db.pool.query(
    `select relname::text as name from pg_class where relnamespace = 'ops'::regnamespace
    union all select proname from pg_proc where pronamespace = 'ops'::regnamespace`
  )
  const readme = await readFile(path.resolve(import.meta.dirname, '../../README.md'), 'utf8')
  const told = [...readme.matchAll(/^\| (?:views|functions) \| `([a-z_ ]+)` \|$/gm)].flatMap(([, names]) =>
    names!.split(' ')
  )

  t.strictSame(told.sort(), rows.map(({ name }) => name).sort())
})

t.test('functions that run as their owner name every schema', async t => {
  const { rows } = await db.pool.query(
    `select oid::regprocedure::text as name from pg_proc
    where pronamespace in ('ops'::regnamespace, 'darkroom'::regnamespace) and prosecdef
      and 'search_path=pg_catalog, pg_temp' <> all(coalesce(proconfig, '{}'))`
  )

  t.strictSame(rows, [])
})
