import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Account, asAccount } from './account.ts'
import type { Binaries } from './binaries.ts'
import { clusterFolder, refuseForeign, writeSettings } from './cluster.ts'
import { EmbeddedError } from './error.ts'

/** A running server, from its postmaster.pid. */
export interface Postmaster {
  pid: number
  port: number
  status: string
}

export interface Launch {
  dataDir: string
  binaries: Binaries
  account: Account
  durable: boolean
  log: (message: string) => void
  /** Port of the previous run, for a restart to wait for. */
  port?: number
  signal?: AbortSignal | undefined
}

const limit = 60_000
const largestLog = 8 * 1024 ** 2
// Milliseconds. pg_ctl polls every 100 ms; a poll is one small read, and the start waits for it.
const pause = 10

export async function findPostmaster(dataDir: string): Promise<Postmaster | undefined> {
  const folder = clusterFolder(dataDir)
  const text = await readFile(path.join(folder, 'postmaster.pid'), 'utf8').catch(refuseForeign(folder))
  const [pid, , , port, , , , status] = text?.split('\n') ?? []
  if (!pid || !(await isPostmaster(Number(pid), folder))) return undefined
  return { pid: Number(pid), port: Number(port), status: status?.trim() ?? 'starting' }
}

/**
 * A pid alone proves nothing: after a machine crash and in containers another process soon has it, and where orphans
 * are not reaped a dead server keeps it. But a live server has its data folder as working directory.
 */
async function isPostmaster(pid: number, folder: string) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  if (process.platform !== 'linux') return true

  try {
    const [theirs, ours] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(folder)])
    return theirs.dev === ours.dev && theirs.ino === ours.ino
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return false
    // Root in a container may not read that link; the command line is readable, and empty for a dead process.
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return path.basename(command.split('\0')[0]!) === 'postgres'
  }
}

/** A server that accepts connections: one that still runs, after a crash of ours perhaps, or a new one. */
export async function ensurePostmaster(launch: Launch): Promise<Postmaster> {
  const deadline = performance.now() + limit
  const wait = waiting(launch)
  let port = launch.port ?? (await lastPort(launch.dataDir))

  while (performance.now() < deadline) {
    launch.signal?.throwIfAborted()
    const running = await findPostmaster(launch.dataDir)
    if (running?.status === 'ready') return running

    const free = await freePort(port)
    if (running || (launch.port && free !== launch.port)) {
      await wait()
      continue
    }

    const reason = await start(launch, { port: free, wait, deadline })
    if (reason === undefined) continue
    const lockFile = /lock file "(?:\.\/)?([^"/]+)" (?:already exists|is empty)/.exec(reason)?.[1]
    if (lockFile) await discardStale(launch.dataDir, lockFile)
    else if (/Address already in use/.test(reason)) port = launch.port
    // Orphaned backends of a killed server finish their work first.
    else if (!/pre-existing shared memory block/.test(reason)) throw refusal(reason, launch.dataDir)
    await wait()
  }

  const where = logFile(launch.dataDir)
  if (await findPostmaster(launch.dataDir)) {
    throw new EmbeddedError(
      `Postgres is still recovering after ${limit / 1000} s; it goes on by itself, so try again in a while ` +
        `(${where} says how far it is)`
    )
  }
  throw new EmbeddedError(`Postgres did not start within ${limit / 1000} s; ${where} says:\n${await lastLines(where)}`)
}

/**
 * The server is our child in a session of its own, so that Ctrl-C does not reach it and we can stop it last. If we
 * crash it keeps running, and the next start finds it. pg_ctl does the same, but would open the log as the other
 * account, which may not write to DATA_DIR, and polls every 100 ms. Resolves when the server is ready, or with its
 * output when it has failed.
 */
async function start(
  { dataDir, binaries, account, durable }: Launch,
  { port, wait, deadline }: { port: number; wait: () => Promise<void>; deadline: number }
) {
  await writeSettings(dataDir, account)
  const log = await openLog(dataDir)
  const { size } = await log.stat()

  const [file, args, how] = asAccount(account, binaries.postgres, [
    '-D',
    clusterFolder(dataDir),
    ...flag('port', port),
    ...flag('listen_addresses', '127.0.0.1'),
    // Relative to the data folder: an absolute path soon exceeds the 107 bytes of a socket address.
    ...flag('unix_socket_directories', '.'),
    ...(durable ? [] : ['fsync', 'full_page_writes'].flatMap(name => flag(name, 'off')))
  ])
  const server = spawn(file, args, { ...how, detached: true, stdio: ['ignore', log.fd, log.fd] })
  let exited = false
  server.once('exit', () => (exited = true))
  await once(server, 'spawn').finally(() => log.close())
  server.unref()

  try {
    while (!exited && performance.now() < deadline) {
      const running = await findPostmaster(dataDir)
      if (running?.pid === server.pid && running?.status === 'ready') return undefined
      await wait()
    }
  } catch (error) {
    // No other process knows this server: it would run for ever.
    await end(server)
    throw error
  }
  return exited ? readFrom(logFile(dataDir), size) : undefined
}

/** Stops a server that is still starting: as our child it can be stopped before it has written its pid file. */
async function end(server: ChildProcess) {
  server.ref()
  for (const [signal, seconds] of stopping) {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill(signal)
    await Promise.race([once(server, 'exit'), sleep(seconds * 1000, undefined, { ref: false })])
  }
}

function flag(name: string, value: string | number) {
  return ['-c', `${name}=${value}`]
}

/**
 * SIGINT is a fast shutdown: it disconnects clients and writes committed data. The other signals are for a hung server.
 */
const stopping = [
  ['SIGINT', 30],
  ['SIGQUIT', 10],
  ['SIGKILL', 5]
] as const

export async function stopPostmaster(dataDir: string, pid: number) {
  const folder = clusterFolder(dataDir)
  for (const [signal, seconds] of stopping) {
    if (!(await isPostmaster(pid, folder))) return
    process.kill(pid, signal)
    const deadline = performance.now() + seconds * 1000
    while (performance.now() < deadline && (await isPostmaster(pid, folder))) await sleep(pause)
  }
}

/**
 * Postgres refuses to start at a live pid in a lock file, and at an empty one. This checks whether that process is a
 * server of this data, and removes a file that has been empty for seconds.
 */
async function discardStale(dataDir: string, lockFile: string) {
  const folder = clusterFolder(dataDir)
  const file = path.join(folder, lockFile)
  const { size, mtimeMs } = await stat(file).catch(() => ({ size: 0, mtimeMs: Date.now() }))
  if ((await findPostmaster(dataDir)) || (size === 0 && Date.now() - mtimeMs < 2_000)) return

  const aside = `${file}.${randomBytes(4).toString('hex')}`
  try {
    await rename(file, aside)
    const pid = Number((await readFile(aside, 'utf8')).split('\n')[0])
    // Another process may have started a server meanwhile: its lock file goes back.
    if (await isPostmaster(pid, folder)) await link(aside, file)
    await rm(aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** The previous port, so that addresses in other programs stay valid. */
async function lastPort(dataDir: string) {
  const options = await readFile(path.join(clusterFolder(dataDir), 'postmaster.opts'), 'utf8').catch(() => '')
  const port = /"port=(\d+)"/.exec(options)?.[1]
  return port ? Number(port) : undefined
}

async function freePort(wanted = 0): Promise<number> {
  const server = createServer()
  try {
    server.listen(wanted, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as { port: number }).port
  } catch (error) {
    if (wanted === 0) throw error
    return freePort()
  } finally {
    server.close()
  }
}

export function logFile(dataDir: string) {
  return path.join(dataDir, 'postgres.log')
}

async function openLog(dataDir: string) {
  const file = logFile(dataDir)
  try {
    const { size } = await stat(file).catch(() => ({ size: 0 }))
    if (size > largestLog) await rename(file, `${file}.1`)
    return await open(file, 'a', 0o600)
  } catch (cause) {
    throw new EmbeddedError(`DATA_DIR ${dataDir} is not a folder that we may write to`, { cause })
  }
}

async function readFrom(file: string, position: number) {
  const text = await readFile(file)
  return text.subarray(position).toString()
}

async function lastLines(file: string) {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-10).join('\n')
}

function refusal(reason: string, dataDir: string) {
  if (/No space left on device/.test(reason)) {
    return new EmbeddedError(`There is no space left in ${dataDir} for the database to start`)
  }
  const lines = reason.trim().split('\n').slice(-10).join('\n')
  return new EmbeddedError(`Postgres does not start on ${clusterFolder(dataDir)}; its last lines:\n${lines}`)
}

/** Waits a moment, and logs the reason every few seconds. */
function waiting({ dataDir, log, signal }: Launch) {
  let next = performance.now() + 3_000
  return async () => {
    await sleep(pause, undefined, { signal })
    if (performance.now() < next) return
    next = performance.now() + 5_000
    const line = (await lastLines(logFile(dataDir))).split('\n').at(-1)
    log(`Waiting for Postgres to get ready: ${line}`)
  }
}
