import pg from 'pg'
import { connect, type Database } from '#database/connect.ts'
import { patienceToConnect } from '#database/knock.ts'
import { applyMigrations, isMigrated, refuseNewer } from '#database/migrations.ts'
import { createQueues, internalQueues, openBoss, standardQueues } from '#queue/boss.ts'
import { version } from './version.ts'

// Key of the advisory lock, unused by other programs; it spells "darkroom" on a phone's keys.
const turnstile = 32_757_666

/**
 * Brings pg-boss's schema and ours up to date and creates the queues that kinds and operators name. Servers that start
 * together take turns, and only the first one applies anything. Returns the names of the applied migrations. A role that
 * does not own the tables creates queues alone, and is refused where a migration is missing.
 */
export async function migrate(url: string, queues: string[], log: (message: string) => void): Promise<string[]> {
  await using opened = new AsyncDisposableStack()
  const db = connect(url, { name: 'darkroom migrate', max: 2 })
  opened.defer(db.close)
  const turn = new pg.Client({
    connectionString: url,
    application_name: 'darkroom migrate',
    connectionTimeoutMillis: patienceToConnect * 1000
  })
  turn.on('error', () => {})
  opened.defer(() => turn.end().catch(() => {}))
  await turn.connect()
  await requireVersion(turn)
  await turn.query(`set lock_timeout = '120s'`)
  await turn.query('select pg_advisory_lock($1)', [turnstile])

  const owner = await findOwner(turn)
  if (owner !== undefined) await requireMigrated(db, owner)
  await refuseNewer(db, version)
  const boss = await openBoss({ db, migrate: owner === undefined, onError: error => log(error.message) })
  opened.defer(() => boss.stop({ graceful: false, close: false }))
  await createQueues(boss, [...new Set([...standardQueues, ...internalQueues, ...queues])])
  if (owner !== undefined) return []

  const applied = await applyMigrations(db)
  const { rows } = await db.pool.query<{ missing: string | null }>('select darkroom.share_ops() as missing')
  if (rows[0]?.missing) log(rows[0].missing)
  await db.pool.query('select darkroom.share_app()')
  return applied
}

/** The owner of our schema, where this role may not act as it; undefined where it may, or where there is no schema yet. */
async function findOwner(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ owner: string }>(
    `select pg_get_userbyid(nspowner) as owner from pg_namespace
     where nspname = 'darkroom' and not pg_has_role(nspowner, 'usage')`
  )
  return rows[0]?.owner
}

/** A role that may not even look is refused as one that finds a migration missing. */
async function requireMigrated(db: Database, owner: string) {
  const isReady = await isMigrated(db).catch(error => {
    if (error.code === '42501') return false
    throw error
  })
  if (isReady) return
  throw new Error(
    'The database lacks migrations of this version, and the role of DATABASE_URL may not apply them: run ' +
      `"darkroom migrate" as the role "${owner}", which owns the tables`
  )
}

async function requireVersion(client: pg.Client) {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
  const server = Number(rows[0]?.server_version_num) / 10_000
  if (server < 15) throw new Error(`Darkroom needs Postgres 15 or newer; this is ${server.toFixed(1)}`)
}
