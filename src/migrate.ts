import pg from 'pg'
import { connect } from '#database/connect.ts'
import { patienceToConnect } from '#database/knock.ts'
import { applyMigrations } from '#database/migrations.ts'
import { createQueues, internalQueues, openBoss, standardQueues } from '#queue/boss.ts'

// Any number that nobody else locks in this database; it spells "darkroom" on a phone's keys.
const turnstile = 32_757_666

/**
 * Brings pg-boss's schema and ours up to date, and creates the queues that task kinds and operators name. Servers
 * that start together take turns; the later ones find nothing to do. Answers the names of what was applied.
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
  // A server that does not get its turn in two minutes says so instead of waiting for ever.
  await turn.query(`set lock_timeout = '120s'`)
  await turn.query('select pg_advisory_lock($1)', [turnstile])

  const boss = await openBoss({ db, migrate: true, onError: error => log(error.message) })
  opened.defer(() => boss.stop({ graceful: false, close: false }))
  await createQueues(boss, [...new Set([...standardQueues, ...internalQueues, ...queues])])

  return await applyMigrations(db)
}

async function requireVersion(client: pg.Client) {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
  const version = Number(rows[0]?.server_version_num) / 10_000
  if (version < 15) throw new Error(`Darkroom needs Postgres 15 or newer; this is ${version.toFixed(1)}`)
}
