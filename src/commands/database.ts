import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import { findEmbedded, hasEmbedded } from '#database/embedded.ts'
import { run } from '../lifecycle.ts'
import { openLogger } from '../logger.ts'
import { openDatabase } from '../main.ts'

interface Database {
  url: string
  log: Logger
  signal: AbortSignal
}

/** Runs a command on DATABASE_URL, else on the embedded Postgres: the running one, or one started for the purpose. */
export async function withDatabase(config: Config, work: (database: Database) => Promise<void>) {
  const log = await openLogger(config.LOG_LEVEL, 2)
  return run(log, 0, async (started, signal) => {
    const url = config.DATABASE_URL ?? (await findEmbedded(config.DATA_DIR))
    await work({ url: url ?? (await openDatabase(config, log, started, signal)), log, signal })
    return 'done'
  })
}

/** For commands that read: they must not make a database to find it empty. */
export async function requireDatabase(config: Config) {
  if (config.DATABASE_URL === undefined && !(await hasEmbedded(config.DATA_DIR))) {
    throw new Error(
      `There is no database in ${config.DATA_DIR}: set DATABASE_URL, or DATA_DIR to the folder of a server`
    )
  }
}
