import { createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { recordCommand } from '#audit/command.ts'
import type { Config } from '#config.ts'
import { dump } from '#database/backup/dump.ts'
import { withDatabase } from './database.ts'

/** Writes to a draft, which is renamed to the file when it is complete. */
export async function runDump(config: Config, file: string) {
  return withDatabase(config, {}, async ({ url, log, signal }) => {
    const rows = (sink: NodeJS.WritableStream) =>
      pipeline(dump(url, { signal, say: message => log.info(message) }), createGzip({ level: 3 }), sink, { signal })
    await recordCommand(url, 'database.dump', { file: path.basename(file) })
    if (file === '-') return rows(process.stdout)

    const draft = `${file}.part`
    // Not over another dump: `wx` refuses what exists.
    const handle = await open(file, 'wx', 0o600).catch(error => {
      throw error.code === 'EEXIST' ? new Error(`${file} exists already: name a new file`) : error
    })
    try {
      await handle.close()
      await rows(createWriteStream(draft, { mode: 0o600, flush: true }))
      await rename(draft, file)
    } catch (error) {
      await rm(draft, { force: true })
      await rm(file, { force: true })
      throw error
    }
    log.info(
      `the dump is in ${path.resolve(file)}; films are files: now copy "videos" and "installation" of ${config.DATA_DIR}, and keep the master secret apart from them`
    )
  })
}
