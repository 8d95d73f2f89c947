import type { Logger } from 'pino'
import type { Config } from '#config.ts'
import { findEmbedded, hasEmbedded } from '#database/embedded.ts'
import { openLogger } from '#logging/logger.ts'
import { checkDataDir } from '#storage/data-dir.ts'
import { run } from '../lifecycle.ts'
import { openDatabase } from '../main.ts'

interface Database {
  url: string
  log: Logger
  signal: AbortSignal
}

interface OpenOptions {
  /** Commands that only read must not make a database to find it empty. */
  mayCreate?: boolean
}

/** Runs a command on DATABASE_URL, else on the embedded Postgres: the running one, or one started for the purpose. */
export async function withDatabase(
  config: Config,
  { mayCreate = false }: OpenOptions,
  work: (database: Database) => Promise<void>
) {
  const log = await openLogger(config.LOG_LEVEL, 2)
  return run(log, 0, async (started, signal) => {
    if (config.DATABASE_URL === undefined) {
      await checkDataDir(config.DATA_DIR, log)
      if (!mayCreate) await requireEmbedded(config.DATA_DIR)
    }
    const url = config.DATABASE_URL ?? (await findEmbedded(config.DATA_DIR))
    await work({ url: url ?? (await openDatabase(config, log, started, signal)).ownerUrl, log, signal })
    return 'done'
  })
}

async function requireEmbedded(dataDir: string) {
  if (await hasEmbedded(dataDir)) return
  throw new Error(`There is no database in ${dataDir}: set DATABASE_URL, or DATA_DIR to the folder of a server`)
}
