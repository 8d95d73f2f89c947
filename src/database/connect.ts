import { AsyncLocalStorage } from 'node:async_hooks'
import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import { patienceToConnect } from './knock.ts'
import { breakSilence } from './silence.ts'
import type { Tables } from './tables.ts'

export type Queries = Kysely<Tables>
/** What a function takes that must not run outside of the caller's transaction: the compiler refuses a bare pool. */
export type InTransaction = Transaction<Tables>

/** A statement as node-postgres takes it. With a name it is prepared once a connection. */
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

interface Options {
  /** Shown in pg_stat_activity, for the DBA who wonders who that is. */
  name: string
  max: number
  /** Session settings that every connection starts with. */
  settings?: Record<string, string>
  /** Idle connections do not keep the process alive. */
  idle?: boolean
  /** Seconds that Postgres may leave a statement unanswered. */
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
  // There is one plan to be had, so it is made once: choosing it anew took a claim 1.2 ms each time.
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
  statement_timeout: '30s',
  idle_in_transaction_session_timeout: '30s'
}

// Statements end by themselves after 30 s.
const longestSilence = 40

export function connect(url: string, { name, max, settings = {}, idle = false, patience }: Options): Database {
  const pool = new pg.Pool({
    Client: ownedByNobody(),
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
  // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
  pool.on('error', () => {})
  // So would one that breaks between two statements of a transaction: the next statement says it to whoever asks.
  pool.on('connect', client => client.on('error', () => {}))
  if ('statement_timeout' in settings) pool.on('connect', breakSilence(url, patience ?? longestSilence))

  const query = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema('darkroom')

  let closing: Promise<void> | undefined
  return { url, pool, query, close: () => (closing ??= pool.end()) }
}

/** Whoever needs a connection first opens it; what happens on it from then on is not his doing. */
function ownedByNobody() {
  const outside = AsyncLocalStorage.snapshot()
  return class extends pg.Client {
    override connect(...given: any): any {
      return outside(() => super.connect(...(given as [])))
    }
  }
}

/** bigint comes back as a number: our bigints are bytes, and those stay below 2^53. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (oid === pg.types.builtins.INT8 && format !== 'binary') return Number
  return pg.types.getTypeParser(oid, format as 'text')
}
