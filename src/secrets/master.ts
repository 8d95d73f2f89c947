import { hkdfSync, randomBytes } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Derives the key of one use from the master secret: the same bytes for the same use, in every process. */
export type Secrets = (use: string) => Buffer

const length = 32

/**
 * The master secret of an installation, from SECRET_KEY_FILE, else from `DATA_DIR/secret.key`, which the first start
 * writes. 32 bytes, in hex. It is never in the database: a dump alone signs and decrypts nothing.
 */
export async function openSecrets(dataDir: string, file: string | undefined): Promise<Secrets> {
  const master = await readOrMake(dataDir, file)
  return use => Buffer.from(hkdfSync('sha256', master, '', `darkroom ${use}`, length))
}

async function readOrMake(dataDir: string, file: string | undefined) {
  if (file !== undefined) return read(file)
  const own = path.join(dataDir, 'secret.key')
  return read(own).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    await make(own)
    return read(own)
  })
}

async function read(file: string) {
  const text = (await readFile(file, 'utf8')).trim()
  if (!/^[\da-f]{64}$/i.test(text)) {
    throw new Error(
      `The secret in ${file} must be 64 hexadecimal digits, as "openssl rand -hex ${length}" writes them. Restore that ` +
        'file from its backup: with another secret, links to films and stored secrets of webhooks become worthless'
    )
  }
  return Buffer.from(text, 'hex')
}

/** Written aside first: another process that starts at the same time must not read half of it. The first one wins. */
async function make(file: string) {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  await writeFile(aside, `${randomBytes(length).toString('hex')}\n`, { flag: 'wx', mode: 0o600, flush: true })
  try {
    await link(aside, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(aside, { force: true })
  }
}
