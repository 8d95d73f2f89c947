import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Account, asAccount } from './account.ts'
import type { Binaries } from './binaries.ts'
import { EmbeddedError, PasswordError } from './error.ts'

const run = promisify(execFile)
const unfinished = 'postgres.new-'
/**
 * Commands act as the owner of the database, which is no superuser; API and workers as a role that owns nothing, so that
 * an SQL injection yields neither a shell nor another past. initdb's role is a superuser.
 */
export const roles = { owner: 'darkroom', app: 'darkroom_app', superuser: 'postgres' } as const
export type Role = keyof typeof roles
const passwordFiles = { owner: 'darkroom.password', app: 'app.password', superuser: 'superuser.password' }

/** Included first in postgresql.conf and rewritten at each start: settings in that file or by `alter system` win. */
const settings = `# Darkroom's defaults, rewritten at each start. Put yours into postgresql.conf or ALTER SYSTEM; they win.
max_connections = 200
shared_buffers = 256MB # the rows of a busy day and their indexes
fsync = on
synchronous_commit = on
wal_compression = on # whole pages after a checkpoint are most of what a busy queue writes
max_wal_size = 2GB # a checkpoint every few minutes, not every few seconds
min_wal_size = 256MB
jit = off # compiling costs more than our short queries take
autovacuum_naptime = 5s # queue tables turn over quickly
default_statistics_target = 10 # a sample of 30,000 rows every 5 s took up to a fifth of the CPU of a drain
idle_in_transaction_session_timeout = 60s
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
log_min_error_statement = panic # statements carry what users sent
`

/** Whether there is a cluster, of a version that our programs can read. */
export async function findCluster(dataDir: string, { major }: Pick<Binaries, 'major'>): Promise<'ready' | 'missing'> {
  const folder = clusterFolder(dataDir)
  const version = await readFile(path.join(folder, 'PG_VERSION'), 'utf8').catch(refuseForeign(folder))

  if (version === undefined) {
    const files = await readdir(folder).catch(() => [])
    if (files.length === 0) return 'missing'
    throw new EmbeddedError(`${folder} is no Postgres data: set DATA_DIR to another folder, or move that one away`)
  }
  if (version.trim() !== major) {
    throw new EmbeddedError(
      `${folder} was made by Postgres ${version.trim()}, and this is Postgres ${major}: dump it with the old version and ` +
        'restore it with the new one, or set DATA_DIR to another folder'
    )
  }
  return 'ready'
}

export function clusterFolder(dataDir: string) {
  return path.join(dataDir, 'postgres')
}

/**
 * All or nothing: initdb works in a folder of its own, which is renamed when complete. Of two concurrent first starts
 * one wins the rename, and the other uses its cluster.
 */
export async function createCluster(
  dataDir: string,
  { binaries, account, durable }: { binaries: Binaries; account: Account; durable: boolean }
) {
  const build = await makeBuildFolder(dataDir, account)
  const folder = path.join(build, 'cluster')
  try {
    const password = path.join(build, 'password')
    await writeOwned(password, `${newPassword()}\n`, account)
    await initdb(folder, { binaries, account, durable, password })
    await rename(password, path.join(folder, passwordFiles.superuser))
    for (const role of ['owner', 'app'] as const) {
      await writeOwned(path.join(folder, passwordFiles[role]), `${newPassword()}\n`, account)
    }
    await includeSettings(path.join(folder, 'postgresql.conf'))
    await rename(folder, clusterFolder(dataDir)).catch(error => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    if (durable) await sync(dataDir)
  } catch (error) {
    // A concurrent first start may have won and removed our folder.
    if ((await findCluster(dataDir, binaries)) === 'ready') return
    throw translate(error, dataDir)
  } finally {
    await remove(build)
  }
}

// For this account alone. Root runs Postgres as another account, which must pass through.
const homeMode = process.getuid?.() === 0 ? 0o711 : 0o700

/** An existing DATA_DIR keeps its mode. */
export async function makeHome(dataDir: string) {
  try {
    const made = await mkdir(dataDir, { recursive: true, mode: homeMode })
    // Independent of the umask.
    if (made !== undefined) await chmod(dataDir, homeMode)
  } catch (error) {
    throw translate(error, dataDir)
  }
}

async function makeBuildFolder(dataDir: string, { uid, gid }: Account) {
  try {
    const build = await mkdtemp(path.join(dataDir, `${unfinished}${process.pid}-`))
    if (uid !== undefined) await chown(build, uid, gid!)
    return build
  } catch (error) {
    throw translate(error, dataDir)
  }
}

async function initdb(
  folder: string,
  options: { binaries: Binaries; account: Account; durable: boolean; password: string }
) {
  const { binaries, account, durable, password } = options
  const [file, args, how] = asAccount(account, binaries.initdb, [
    `--pgdata=${folder}`,
    `--username=${roles.superuser}`,
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Sorted by code point, cased by Unicode, the same on every machine: no index depends on a library's version.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync'])
  ])
  await run(file, args, how)
}

async function sync(folder: string) {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

function translate(error: unknown, dataDir: string): unknown {
  const { code, stderr = '' } = error as { code?: string | number; stderr?: string }
  if (code === 'ENOSPC' || code === 'EDQUOT' || /No space left on device|Disk quota exceeded/.test(stderr)) {
    return new EmbeddedError(`There is not enough space in ${dataDir} for a database; 100 MB would do`, {
      cause: error
    })
  }
  if (typeof code === 'string' && ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EBUSY'].includes(code)) {
    return new EmbeddedError(`DATA_DIR ${dataDir} is not a folder that we may write to (${code})`, { cause: error })
  }
  if (stderr) {
    const reason = stderr.trim().split('\n').slice(-5).join('\n')
    return new EmbeddedError(`The database in ${dataDir} could not be made:\n${reason}`, { cause: error })
  }
  return error
}

/** Removes leftovers of killed first starts. A live first start has lost the race and cleans up itself. */
export async function sweepUnfinished(dataDir: string) {
  for (const name of await readdir(dataDir)) {
    const pid = new RegExp(`^${unfinished}(\\d+)-`).exec(name)?.[1]
    if (pid && !isAlive(Number(pid))) await remove(path.join(dataDir, name))
  }
}

function isAlive(pid: number) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** An orphaned initdb may write a little longer; a later start removes the rest. */
async function remove(folder: string) {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => {})
}

/** initdb sets some of these further down, where its values would win. */
async function includeSettings(conf: string) {
  const ours = settings.match(/^\w+/gm)!.join('|')
  const text = (await readFile(conf, 'utf8')).replace(new RegExp(`^(?=(${ours})\\b)`, 'gm'), '#')
  await writeFile(conf, `include_if_exists = 'darkroom.conf'\n\n${text}`)
}

export async function writeSettings(dataDir: string, account: Account) {
  const file = path.join(clusterFolder(dataDir), 'darkroom.conf')
  const current = await readFile(file, 'utf8').catch(() => undefined)
  if (current === settings) return

  const draft = `${file}.${randomBytes(4).toString('hex')}`
  await writeOwned(draft, settings, account)
  await rename(draft, file)
}

export async function readPassword(dataDir: string, role: Role = 'owner') {
  const password = await findPassword(dataDir, role)
  if (password !== undefined) return password
  throw new PasswordError(
    `${clusterFolder(dataDir)} has no ${passwordFiles[role]}: the data was not made by Darkroom, or the file is lost`
  )
}

export async function findPassword(dataDir: string, role: Role) {
  const folder = clusterFolder(dataDir)
  const password = await readFile(path.join(folder, passwordFiles[role]), 'utf8').catch(refuseForeign(folder))
  return password?.trim()
}

export async function writePassword(dataDir: string, role: Role, account: Account) {
  const password = newPassword()
  await writeOwned(path.join(clusterFolder(dataDir), passwordFiles[role]), `${password}\n`, account)
  return password
}

export function newPassword() {
  return randomBytes(24).toString('base64url')
}

async function writeOwned(file: string, text: string, { uid, gid }: Account) {
  await writeFile(file, text, { mode: 0o600, flag: 'wx' })
  if (uid !== undefined) await chown(file, uid, gid!)
}

/** A missing file is undefined; an unreadable file is an error. */
export function refuseForeign(folder: string) {
  return (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error
    throw new EmbeddedError(
      `${folder} belongs to another user: run Darkroom as that user, or as root if root made it`,
      {
        cause: error
      }
    )
  }
}
