import pg from 'pg'
import { openEmbedded } from '../../src/database/embedded.ts'
import { migrate } from '../../src/migrate.ts'
import { home, rememberUrl, template, urlOf } from './cluster.ts'

/** Runs once before all test files. Postgres stays behind for them; `after.ts` stops it. */
const { url } = await openEmbedded({ dataDir: home, log: () => {}, durable: false })
await rememberUrl(url)

const admin = new pg.Client({ connectionString: url })
await admin.connect()
// What an interrupted run has left.
const { rows } = await admin.query(`select datname from pg_database where datname like 'test\\_%'`)
for (const { datname } of rows)
  await admin.query(`drop database if exists ${pg.escapeIdentifier(datname)} with (force)`)
await admin.query(`drop database if exists ${template} with (force)`)
await admin.query(`create database ${template}`)
await migrate(urlOf(url, template), [], () => {})
await admin.end()
process.exit()
