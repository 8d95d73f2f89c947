import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { CompiledQuery } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Database } from './connect.ts'

const folder = path.resolve(import.meta.dirname, '../../migrations')

/** Applies what is missing, all or nothing, and answers the names of what was applied. */
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

/** True when every migration that this version knows is in: one query, cheap enough for a health check. */
export async function isMigrated({ pool }: Database): Promise<boolean> {
  const known = await names()
  const { rows } = await pool.query<{ count: number }>(
    'select count(*)::int as count from darkroom.migrations where name = any($1)',
    [known]
  )
  return rows[0]?.count === known.length
}

/** Plain SQL files, run in the order of their names, never edited after a release. */
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
