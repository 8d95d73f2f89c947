import { AsyncLocalStorage } from 'node:async_hooks'
import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import { patienceToConnect } from './knock.ts'
import { breakSilence } from './silence.ts'
import type { Tables } from './tables.ts'

export type Queries = Kysely<Tables>
/** Type of functions that must run in the caller's transaction: the compiler refuses a bare pool. */
export type InTransaction = Transaction<Tables>

/** A statement for node-postgres. With a name it is prepared once per connection. */
export interface Statement {
  name?: string
  text: string
  values: unknown[]
}

export interface Database {
  url: string
  pool: pg.Pool
  query: Queries
  close(): Promise<void>
}

export interface ConnectOptions {
  /** Shown to the DBA in pg_stat_activity. */
  name: string
  max: number
  /** Session settings of every connection. */
  settings?: Record<string, string>
  /** Idle connections do not keep the process alive. */
  idle?: boolean
  /** Seconds that a statement may take before its connection is closed. */
  patience?: number
}

/**
 * Session settings of API and workers. Queue tables change faster than they are analyzed, so the statistics are often
 * wrong and a plan through the indexes is always right: without these, sustained throughput falls to a third (16.8k
 * to 4.8k jobs/s over 200k jobs), and a statement prepared while a table was empty would go on reading all of it.
 */
export const throughIndexes = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_sort: 'off',
  enable_bitmapscan: 'off',
  // There is one possible plan, so it is made once: planning took 1.2 ms of each claim.
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
  statement_timeout: '30s',
  idle_in_transaction_session_timeout: '30s'
}

// Postgres ends statements after 30 s (statement_timeout).
const longestSilence = 40

export function connect(url: string, { name, max, settings = {}, idle = false, patience }: ConnectOptions): Database {
  const pool = new pg.Pool({
    Client: outsideOfRequests(),
    connectionString: url,
    max,
    application_name: name,
    connectionTimeoutMillis: patienceToConnect * 1000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    allowExitOnIdle: idle,
    types: { getTypeParser },
    options: Object.entries({ timezone: 'UTC', ...settings })
      .map(([setting, value]) => `-c ${setting}=${value}`)
      .join(' ')
  })
  // Without a listener a broken idle connection would end the process; the pool replaces it.
  pool.on('error', () => {})
  // The same for a connection that breaks between two statements of a transaction; the next statement rejects.
  pool.on('connect', client => client.on('error', () => {}))
  if ('statement_timeout' in settings) pool.on('connect', breakSilence(url, patience ?? longestSilence))

  const query = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema('darkroom')

  let closing: Promise<void> | undefined
  return { url, pool, query, close: () => (closing ??= pool.end()) }
}

/** A connection outlives the request that opened it, and would keep that request's async context. */
function outsideOfRequests() {
  const outside = AsyncLocalStorage.snapshot()
  return class extends pg.Client {
    override connect(...given: any): any {
      return outside(() => super.connect(...(given as [])))
    }
  }
}

/** bigint comes back as a number: our bigints are bytes, which stay below 2^53. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === pg.types.builtins.INT8 && format !== 'binary') return Number
  return pg.types.getTypeParser(oid, format as 'text')
}
