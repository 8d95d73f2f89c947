import { createReadStream } from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { createGunzip } from 'node:zlib'
import { lineOfCommand } from '#audit/command.ts'
import type { Config } from '#config.ts'
import { restore } from '#database/backup/restore.ts'
import { connect } from '#database/connect.ts'
import { makeHome } from '#database/embedded/cluster.ts'
import { migrate } from '../migrate.ts'
import { withDatabase } from './database.ts'

export async function runRestore(config: Config, file: string, { force }: { force: boolean }) {
  await access(file).catch(error => {
    throw new Error(`${file} cannot be read: ${error.message}`, { cause: error })
  })
  return withDatabase(config, { mayCreate: true }, async ({ url, log, signal }) => {
    const say = (message: string) => log.info(message)
    await makeHome(config.DATA_DIR)
    await migrate(url, [], message => log.warn(message))
    const source = createReadStream(file)
    const dump = createGunzip()
    source.on('error', error => dump.destroy(error)).pipe(dump)
    const last = lineOfCommand(url, 'database.restore', { file: path.basename(file) })
    await restore(url, dump, { force, last, signal, say })
    await pairStore(url, config.DATA_DIR)
    log.info(`restored ${file}; films are files: put the copy of their folder into ${config.DATA_DIR} before the start`)
  })
}

/** Writes the database's id to DATA_DIR: API and workers start only where both are the same. */
async function pairStore(url: string, dataDir: string) {
  const db = connect(url, { name: 'darkroom restore', max: 1 })
  try {
    const here = { host: hostname(), data_dir: dataDir }
    const row = await db.query.updateTable('installation').set(here).returning('id').executeTakeFirst()
    if (!row) return
    // A store that has an id keeps it: the start names both, where they differ.
    await writeFile(path.join(dataDir, 'installation'), `${row.id}\n`, { flag: 'wx', mode: 0o600 }).catch(error => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await db.close()
  }
}
