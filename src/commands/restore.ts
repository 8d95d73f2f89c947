import { createReadStream } from 'node:fs'
import { access } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import type { Config } from '#config.ts'
import { restore } from '#database/backup/restore.ts'
import { migrate } from '../migrate.ts'
import { withDatabase } from './database.ts'

export async function runRestore(config: Config, file: string | undefined, { force }: { force: boolean }) {
  if (file === undefined) throw new Error('Name the file of the dump')
  await access(file).catch(error => {
    throw new Error(`${file} cannot be read: ${error.message}`, { cause: error })
  })
  return withDatabase(config, { mayCreate: true }, async ({ url, log, signal }) => {
    const say = (message: string) => log.info(message)
    await migrate(url, [], message => log.warn(message))
    const source = createReadStream(file)
    const dump = createGunzip()
    source.on('error', error => dump.destroy(error)).pipe(dump)
    await restore(url, dump, { force, signal, say })
    log.info(`restored ${file}; films are files: put the copy of their folder into ${config.DATA_DIR} before the start`)
  })
}
