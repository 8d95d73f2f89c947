import type { Config } from '#config.ts'

type Find = () => Promise<string>

let provided: Find | undefined

/**
 * Gives task bodies the database of their worker: settings that hold a secret are not in their environment. Returns a
 * function that ends it.
 */
export function provideDatabaseUrl(find: Find): () => void {
  provided = find
  return () => {
    if (provided === find) provided = undefined
  }
}

/** The database of the worker that runs this process or body, else DATABASE_URL, else the server that runs on DATA_DIR. */
export async function findDatabaseUrl({ DATABASE_URL, DATA_DIR }: Config): Promise<string> {
  const known = (await provided?.()) ?? DATABASE_URL
  if (known !== undefined) return known
  // Not before it is needed: each child loads this file.
  const { findEmbedded } = await import('#database/embedded.ts')
  const embedded = await findEmbedded(DATA_DIR, 'app')
  if (embedded === undefined)
    throw new Error(`There is no database: set DATABASE_URL, or start a server on ${DATA_DIR}`)
  return embedded
}
