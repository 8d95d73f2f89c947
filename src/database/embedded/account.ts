import { execFile, type SpawnOptions } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Binaries } from './binaries.ts'
import { EmbeddedError } from './error.ts'

const run = promisify(execFile)

/** The account that runs the Postgres programs. Without ids: our own. */
export interface Account {
  uid?: number
  gid?: number
  /** Command line prefix, where changing the ids is not enough. */
  prefix: string[]
}

/** Postgres refuses to run as root, so root runs it as an unprivileged account; other users run it as themselves. */
export async function chooseAccount(folder: string): Promise<Account> {
  if (process.getuid?.() !== 0) return { prefix: [] }

  // Existing data stays with its owner, even if a `postgres` account was added since.
  const owner = await stat(folder).catch(() => undefined)
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, prefix: [] }

  const ids = (await findIds('postgres')) ?? (await findIds('darkroom')) ?? (await createIds('darkroom'))
  // Root's own copy of the data, from a backup perhaps: Postgres insists on owning its data folder.
  if (owner) await run('chown', ['-R', `${ids.uid}:${ids.gid}`, folder])
  return { ...ids, prefix: [] }
}

async function findIds(name: string) {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])])
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  } catch {
    return undefined
  }
}

async function createIds(name: string) {
  // `su` without a dash leaves root's PATH without the folders of these programs.
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name], {
      env
    })
  } catch (useradd) {
    // Alpine and other busybox systems have adduser instead.
    await run('adduser', ['-S', '-D', '-H', '-s', '/sbin/nologin', name], { env }).catch(() => {
      throw new EmbeddedError(
        `Postgres does not run as root, and the account "${name}" for it could not be made: ` +
          'start Darkroom as an ordinary user, or set DATABASE_URL',
        { cause: useradd }
      )
    })
  }

  const ids = await findIds(name)
  if (ids) return ids
  throw new EmbeddedError(`Postgres does not run as root, and there is no account "${name}" for it to run as`)
}

/**
 * That account cannot enter a clone in /root or in `mktemp -d`, so it reaches neither programs nor data. We must not
 * open those folders or move data out of them. Instead Postgres gets the one capability that passes closed folders, and
 * loses all others.
 */
export async function openTheWay(
  account: Account,
  { binaries, folder, log }: { binaries: Binaries; folder: string; log: (message: string) => void }
): Promise<Account> {
  if (account.uid === undefined || (await canReach(account, binaries, folder))) return account

  const capability = await bestCapability()
  const closed = {
    ...account,
    prefix: [
      'setpriv',
      `--reuid=${account.uid}`,
      `--regid=${account.gid}`,
      '--clear-groups',
      // Without this flag, access(2), with which Postgres checks its own programs, disregards capabilities.
      '--securebits=+no_setuid_fixup',
      `--inh-caps=+${capability}`,
      `--ambient-caps=+${capability}`,
      `--bounding-set=-all,+${capability}`,
      '--'
    ]
  }

  if (!capability || !(await canReach(closed, binaries, folder))) {
    throw new EmbeddedError(
      `Postgres does not run as root, and the account that runs it instead (uid ${account.uid}) cannot enter ${folder} ` +
        `or ${binaries.folder}: open the folders above to others (chmod o+x), start Darkroom as an ordinary user, ` +
        'or set DATABASE_URL'
    )
  }
  log(
    `Postgres runs as uid ${account.uid} with ${capability}: a folder above its data or its programs is closed to others`
  )
  return closed
}

/** dac_read_search allows passing and reading; containers often have only dac_override, which also allows writing. */
async function bestCapability() {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const held = BigInt(`0x${/^CapEff:\s*(\w+)/m.exec(status)?.[1] ?? '0'}`)
  if (held & (1n << 2n)) return 'dac_read_search'
  if (held & (1n << 1n)) return 'dac_override'
  return undefined
}

async function canReach(account: Account, { postgres }: Binaries, folder: string) {
  const [file, args, options] = asAccount(account, 'sh', [
    '-c',
    'test -r "$0" && test -x "$0" && cd "$1"',
    postgres,
    folder
  ])
  try {
    await run(file, args, options)
    return true
  } catch {
    return false
  }
}

/** Arguments for `spawn` and the like. Postgres gets neither our working directory nor our environment. */
export function asAccount({ uid, gid, prefix }: Account, program: string, args: string[]) {
  const [file, ...rest] = [...prefix, program, ...args] as [string, ...string[]]
  const ids = prefix.length > 0 || uid === undefined ? {} : { uid, gid }
  const options = { ...ids, cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C' } } satisfies SpawnOptions
  return [file, rest, options] as const
}
