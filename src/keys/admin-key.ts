import { readFile, writeFile } from 'node:fs/promises'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { newToken, readToken, type Token } from '#access/token.ts'

export const putAdminKeySql = `
insert into darkroom.api_keys (id, name, family, hash, scopes, created_by)
values ($1, 'admin', $1, $2, array['admin'], 'ADMIN_KEY_FILE')
on conflict (id) do nothing`

export const readAdminKeySql = `
select hash = $2 as same, revoked_at is not null as revoked from darkroom.api_keys where id = $1`

/**
 * Puts in the key of ADMIN_KEY_FILE; one that is not there is written, so that a container starts with a key and never
 * open. A revoked key stays revoked, whatever the file says.
 */
export async function takeAdminKey(pool: Pool, file: string, log: Logger) {
  const token = await readKeyFile(file, log)
  await pool.query(putAdminKeySql, [token.id, token.hash])
  const { rows } = await pool.query<{ same: boolean; revoked: boolean }>(readAdminKeySql, [token.id, token.hash])
  if (!rows[0]?.same) throw new Error(`ADMIN_KEY_FILE ${file} has the id of another key: put a new key in`)
  if (rows[0].revoked) log.warn(`the key in ADMIN_KEY_FILE ${file} is revoked and opens nothing: put a new one in`)
}

async function readKeyFile(file: string, log: Logger): Promise<Token> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new Error(`ADMIN_KEY_FILE cannot be read: ${error.message}`)
  })
  if (text === undefined) {
    const made = newToken('k')
    // Another API that starts at the same time may be faster; its key is as good.
    const isOurs = await writeFile(file, `${made.text}\n`, { flag: 'wx', mode: 0o600, flush: true }).then(
      () => true,
      error => {
        if (error.code === 'EEXIST') return false
        throw new Error(`ADMIN_KEY_FILE cannot be written: ${error.message}`)
      }
    )
    if (!isOurs) return readKeyFile(file, log)
    log.info(`a key for everything was written to ${file}`)
    return made
  }
  const token = readToken(text.trim())
  if (token?.kind !== 'k')
    throw new Error(`ADMIN_KEY_FILE ${file} must have one key, as "darkroom key create" prints it`)
  return token
}
