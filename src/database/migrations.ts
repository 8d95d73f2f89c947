import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { CompiledQuery } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Database } from './connect.ts'

const folder = path.resolve(import.meta.dirname, '../../migrations')
const pgBossSchema: number = createRequire(import.meta.url)('pg-boss/package.json').pgboss.schema

/** Applies missing migrations, all or none, and returns their names. */
export async function applyMigrations({ query }: Database): Promise<string[]> {
  await query.executeQuery(CompiledQuery.raw('create schema if not exists darkroom'))
  const migrator = new Migrator({
    db: query,
    provider: { getMigrations: plainSql },
    migrationTableSchema: 'darkroom',
    migrationTableName: 'migrations',
    migrationLockTableName: 'migrations_lock'
  })
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error) throw error
  return results.filter(({ status }) => status === 'Success').map(({ migrationName }) => migrationName)
}

/** Refuses a database that a newer version has migrated: this version would misread it. */
export async function refuseNewer({ pool }: Database, version: string): Promise<void> {
  const { rows: found } = await pool.query<{ ours: boolean; boss: boolean }>(
    `select to_regclass('darkroom.migrations') is not null as ours, to_regclass('pgboss.version') is not null as boss`
  )
  const known = await names()
  const { rows: applied } = found[0]!.ours
    ? await pool.query<{ name: string }>('select name from darkroom.migrations order by name')
    : { rows: [] }
  const unknown = applied.find(({ name }) => !known.includes(name))
  if (unknown) throw newer(`the migration ${unknown.name}`, version)

  const { rows: boss } = found[0]!.boss
    ? await pool.query<{ version: number }>('select version::int from pgboss.version')
    : { rows: [] }
  if (boss[0] && boss[0].version > pgBossSchema) throw newer(`schema ${boss[0].version} of pg-boss`, version)
}

function newer(what: string, version: string) {
  return new Error(
    `The database has ${what}, which this version (${version}) does not know: start the newer version, or restore a ` +
      'backup from before the upgrade'
  )
}

/** Migrations of a newer version. */
export async function unknownMigrations(pool: Pick<Database['pool'], 'query'>): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    'select name from darkroom.migrations where name <> all($1) order by name',
    [await names()]
  )
  return rows.map(({ name }) => name)
}

/** True when every migration of this version is applied: one query, cheap enough for a health check. */
export async function isMigrated({ pool }: Database): Promise<boolean> {
  const known = await names()
  const { rows } = await pool.query<{ count: number }>(
    'select count(*)::int as count from darkroom.migrations where name = any($1)',
    [known]
  )
  return rows[0]?.count === known.length
}

/** Plain SQL files, applied in the order of their names, never edited after a release. */
async function plainSql(): Promise<Record<string, Migration>> {
  const migrations: Record<string, Migration> = {}
  for (const name of await names()) {
    const text = await readFile(path.join(folder, `${name}.sql`), 'utf8')
    migrations[name] = {
      async up(db) {
        await db.executeQuery(CompiledQuery.raw(text))
      }
    }
  }
  return migrations
}

async function names() {
  const files = await readdir(folder)
  return files
    .filter(file => file.endsWith('.sql'))
    .map(file => file.slice(0, -'.sql'.length))
    .sort()
}
